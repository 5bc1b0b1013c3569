import { CommanderError } from "commander";
import { StackError, UsageError } from "#stack/stack-error.ts";
import { EXIT } from "./exit-codes.ts";

interface Reason extends Error {
  code?: string;
  path?: string;
  broker?: string;
  /** Node tries each address of a name, and tells of all. */
  errors?: Error[];
}

/** Tells the person at the terminal why a command ended, in one sentence where they can do something, and returns its exit code. */
export function tell(error: unknown): number {
  // Commander has said it already, or was asked for help.
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
  const sentence = error instanceof StackError ? error.message : sentenceFor(error as Reason);
  // Anything else is a bug and shows where it is.
  process.stderr.write(sentence ? `eventix: ${sentence}\n` : `${(error as Error).stack}\n`);
  return error instanceof UsageError ? EXIT.usage : EXIT.failed;
}

/** What comes from servers and files without words of ours. */
function sentenceFor(error: Reason): string | undefined {
  const { code = "", path, name } = error;
  if (UNREACHABLE.has(code)) {
    return `A server does not answer (${error.errors?.[0]?.message ?? error.message}): npx eventix doctor says which and why.`;
  }
  if (name.startsWith("KafkaJS")) {
    return `Kafka does not answer as it should (${error.message}): correct KAFKA_BROKERS, or ask npx eventix doctor.`;
  }
  if (FILE_REFUSALS.has(code) && path) {
    return `${path} cannot be written or read (${code}): mend that, or set EVENTIX_HOME to a folder of your own.`;
  }
  const mend = POSTGRES[code];
  return mend && `Postgres refuses (${error.message}): ${mend}`;
}

const UNREACHABLE = new Set(["ECONNREFUSED", "ECONNRESET", "ENOTFOUND", "EAI_AGAIN", "ETIMEDOUT", "EHOSTUNREACH"]);
const FILE_REFUSALS = new Set(["EACCES", "EPERM", "EROFS", "ENOSPC", "ENOTDIR", "EISDIR", "EEXIST"]);
const SAYS_WHICH = "correct the DATABASE_URL_* that it is; npx eventix doctor says which.";
/** By SQLSTATE. */
const POSTGRES: Record<string, string | undefined> = {
  "28P01": SAYS_WHICH,
  "28000": SAYS_WHICH,
  "3D000": SAYS_WHICH,
  "42501": "the role of each DATABASE_URL_* needs all rights on its own database.",
  "53300": "close other connections, or raise its max_connections.",
  "57P03": "it starts or stops right now; wait a moment and run it again.",
};
