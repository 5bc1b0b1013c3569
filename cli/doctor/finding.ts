import type { Config } from "#config";
import type { StackServer } from "#stack/server.ts";
import type { StackKind, StackState } from "#stack/state.ts";

/** One line of the doctor: something this machine has, has not, or has in a way that somebody should know. */
export interface Finding {
  /** What was looked at, in a word or two. */
  about: string;
  state: "ok" | "warn" | "fail";
  says: string;
  /** The command that mends it; always there when the state is `fail`. */
  mend?: string;
}

/** What is looked at. */
export interface World {
  home: string;
  env: NodeJS.ProcessEnv;
  /** The valid settings of this environment. */
  settings: Partial<Config>;
  /** The names of the others, and what is wrong with them. */
  wrong: readonly string[];
  problem?: string;
  stack: StackState;
  /** How servers are run here. */
  kind: StackKind;
  /** Why they cannot be run in Docker, where that is wanted. */
  kindProblem?: unknown;
  /** Whether the environment names this server, so that none is started. */
  isGiven(server: StackServer): boolean;
}

export const ok = (about: string, says: string): Finding => ({ about, state: "ok", says });
export const warn = (about: string, says: string, mend: string): Finding => ({ about, state: "warn", says, mend });
export const fail = (about: string, says: string, mend: string): Finding => ({ about, state: "fail", says, mend });

/** A sentence of the stack, `what is wrong: what mends it`, in its two parts. */
export function failAsTold(about: string, error: unknown): Finding {
  const { message } = error as Error;
  const at = message.lastIndexOf(": ");
  return at < 0 ? fail(about, message, "npx eventix up") : fail(about, message.slice(0, at), message.slice(at + 2));
}
