/** What a log line must never hold. A rule is applied where its words stand, which is quicker to see than what it looks for. */
interface Rule {
  words: RegExp;
  pattern: RegExp;
  instead: string;
}

const NAMES = "password|secret|token|authorization|cookie|api[_-]?key";

const RULES: readonly Rule[] = [
  // User and password of an address; a password with an @ or a / in it as well.
  { words: /:\/\/.*@/, pattern: /(\b[a-z][a-z0-9+.-]*:\/\/)[^\s"']*@/gi, instead: "$1[secret]@" },
  { words: /ey/, pattern: /\bey[\w-]{8,}\.[\w-]{4,}(\.[\w-]*)?/g, instead: "[token]" },
  { words: /bearer|basic/i, pattern: /\b(bearer|basic) +[\w.~+/=-]{16,}/gi, instead: "$1 [secret]" },
  { words: /=/, pattern: new RegExp(`((?:${NAMES})=)[^\\s"'\\\\&]+`, "gi"), instead: "$1[secret]" },
  {
    words: new RegExp(NAMES, "i"),
    pattern: new RegExp(`((?:${NAMES})\\\\*"\\s*:\\s*\\\\*")[^"\\\\]+`, "gi"),
    instead: "$1[secret]",
  },
  { words: /@/, pattern: /[\w.%+-]+@[a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z]{2,}\b/gi, instead: "[email]" },
];

/** A line as it may be logged: without passwords, tokens and e-mail addresses. What is JSON stays JSON. */
export const redacted = (line: string): string =>
  RULES.reduce((text, { words, pattern, instead }) => (words.test(text) ? text.replace(pattern, instead) : text), line);

/** What is said of an error besides its message: names and places. Details, statements, parameters and data hold values. */
const SAID = [
  "code",
  "type",
  "errno",
  "syscall",
  "address",
  "port",
  "severity",
  "schema",
  "table",
  "constraint",
  "nodeID",
];
const CAUSES_MAX = 4;

/** An error as it may be logged. pg tells the values of a row that it refuses, ioredis the command with its password. */
export function describedError(error: unknown, depth = 0): unknown {
  if (!(error instanceof Error)) return error;
  const { name, message, stack, cause } = error;
  const said = SAID.flatMap((key) => {
    const value = (error as unknown as Record<string, unknown>)[key];
    return typeof value === "string" || typeof value === "number" ? [[key, value] as const] : [];
  });
  return {
    name,
    message,
    ...Object.fromEntries(said),
    stack,
    ...(cause !== undefined && depth < CAUSES_MAX && { cause: describedError(cause, depth + 1) }),
  };
}
