import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chownSync, mkdirSync, rmdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { StackError } from "../stack-error.ts";
import type { StackState } from "../state.ts";
import type { SystemUser } from "./user.ts";

/**
 * The folder for Postgres' data: in EVENTIX_HOME, or outside when Postgres runs as a user who cannot enter one of its parents
 * (a home under /root). The choice is remembered, so that data is found again.
 */
export function postgresFolder(home: string, state: StackState, user: SystemUser | undefined): string {
  if (state.postgresFolder) return state.postgresFolder;
  const name = `postgres-${createHash("sha256").update(home).digest("hex").slice(0, 12)}`;
  const choices = [join(home, "postgres"), join("/var/lib/eventix", name), join(tmpdir(), "eventix", name)];
  const folder = choices.find((choice) => usable(choice, user));
  if (!folder)
    throw new StackError(`Postgres cannot write to ${choices[0]}: set EVENTIX_HOME to a folder it can enter.`);
  state.postgresFolder = folder;
  return folder;
}

function usable(folder: string, user: SystemUser | undefined): boolean {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o755 });
    if (!user) return true;
    chownSync(folder, user.uid, user.gid);
    const entered = spawnSync("/bin/sh", ["-c", 'cd "$0" && test -w .', folder], { cwd: "/", ...user });
    if (entered.status !== 0) rmdirSync(folder);
    return entered.status === 0;
  } catch {
    return false;
  }
}
