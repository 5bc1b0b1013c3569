import { CommanderError } from "commander";
import { StackError, UsageError } from "#stack/stack-error.ts";
import { EXIT } from "./exit-codes.ts";

interface Reason extends Error {
  code?: string;
  path?: string;
  /** Whose server it is about. */
  setting?: string;
  /** Node tries each address of a name, and tells of all. */
  errors?: Error[];
}

/** Tells the person at the terminal why a command ended, in one sentence where they can do something, and returns its exit code. */
export function tell(error: unknown): number {
  // Commander has said it already, or was asked for help.
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
  const sentence = sentenceFor(error as Error);
  // Anything else is a bug and shows where it is.
  process.stderr.write(sentence ? `eventix: ${sentence}\n` : `${(error as Error).stack}\n`);
  return error instanceof UsageError ? EXIT.usage : EXIT.failed;
}

/** What is wrong and what to do next; undefined for what nobody expects. */
export function sentenceFor(error: Reason): string | undefined {
  if (error instanceof StackError) return error.message;
  const { code = "", path, name, setting = "a server" } = error;
  if (UNREACHABLE.has(code)) {
    const why = error.errors?.[0]?.message ?? error.message;
    return `${setting} does not answer (${why}): start it, or correct its address; npx eventix doctor says more.`;
  }
  if (name.startsWith("KafkaJS")) {
    return `Kafka does not answer as it should (${error.message}): start it, or correct KAFKA_BROKERS.`;
  }
  if (FILE_REFUSALS.has(code) && path) {
    return `${path} cannot be written or read (${code}): mend that, or set EVENTIX_HOME to a folder of your own.`;
  }
  const mend = POSTGRES[code];
  return mend && `Postgres refuses ${setting} (${error.message}): ${mend}`;
}

const UNREACHABLE = new Set(["ECONNREFUSED", "ECONNRESET", "ENOTFOUND", "EAI_AGAIN", "ETIMEDOUT", "EHOSTUNREACH"]);
const FILE_REFUSALS = new Set(["EACCES", "EPERM", "EROFS", "ENOSPC", "ENOTDIR", "EISDIR", "EEXIST"]);
const CORRECT = "correct user, password and database in the URL.";
/** By SQLSTATE. */
const POSTGRES: Record<string, string | undefined> = {
  "28P01": CORRECT,
  "28000": CORRECT,
  "3D000": CORRECT,
  "42P01": "npx eventix migrate brings it to the current schema.",
  "42501": "its role needs all rights on its own database.",
  "53300": "close other connections, or raise its max_connections.",
  "57P03": "it starts or stops right now; wait a moment and run it again.",
};
