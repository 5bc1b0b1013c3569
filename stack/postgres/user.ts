import { execFileSync, spawnSync } from "node:child_process";
import type { Say } from "../progress.ts";
import { StackError } from "../stack-error.ts";

export interface SystemUser {
  uid: number;
  gid: number;
}

/** Postgres refuses to run as root: then it runs as the system user `postgres`, made if there is none. Undefined for anyone else. */
export function postgresUser(say: Say): SystemUser | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const known = knownPostgresUser();
  if (known) return known;
  say("Making the system user postgres, since Postgres does not run as root …");
  const made = spawnSync("useradd", [
    "--system",
    "--user-group",
    "--no-create-home",
    "--shell",
    "/bin/false",
    "postgres",
  ]);
  const user = made.status === 0 ? knownPostgresUser() : undefined;
  if (!user) throw new StackError("Postgres does not run as root: run as another user, or useradd --system postgres");
  return user;
}

/** The system user `postgres`, where there is one. */
export function knownPostgresUser(): SystemUser | undefined {
  try {
    const id = (flag: string) => Number(execFileSync("id", [flag, "postgres"], { encoding: "utf8", stdio: "pipe" }));
    return { uid: id("-u"), gid: id("-g") };
  } catch {
    return undefined;
  }
}
