import { mkdtempSync, readFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { guard } from "#stack/guard.ts";
import { isRunning } from "#stack/process.ts";
import { silent } from "#stack/progress.ts";
import { stackDown, stackUp } from "#stack/stack.ts";
import { readState } from "#stack/state.ts";
import { until } from "../../support/until.ts";

type Server = "postgres" | "redis" | "kafka";

/** Servers of a test file's own, which it may stop, kill and start again without hurting any other test. */
export interface OwnStack {
  env: Record<string, string>;
  /** Its connections stand, and nothing comes through. */
  stall(server: Server): void;
  goOn(server: Server): void;
  /** Its connections break, and new ones are refused. */
  kill(server: Server): Promise<void>;
  /** Starts what was killed. */
  restart(): Promise<void>;
  remove(): Promise<void>;
}

/** Tokens are those of the test run's issuer. */
export async function ownStack(): Promise<OwnStack> {
  const home = mkdtempSync(join(tmpdir(), "eventix-outage-"));
  guard(home);
  const { AUTH_JWKS_URI, AUTH_ISSUER, AUTH_AUDIENCE } = process.env;
  const up = () =>
    stackUp({ home, env: { AUTH_JWKS_URI, AUTH_ISSUER, AUTH_AUDIENCE, EVENTIX_STACK: "native" }, say: silent });
  const { env } = await up();
  const processOf = (server: Server) => readState(home).servers[server]?.process;
  const signal = (server: Server, name: NodeJS.Signals) => {
    for (const pid of family(processOf(server)?.pid)) tell(pid, name);
  };
  return {
    env,
    stall: (server) => signal(server, "SIGSTOP"),
    goOn: (server) => signal(server, "SIGCONT"),
    async kill(server) {
      const ended = processOf(server);
      signal(server, "SIGKILL");
      await until(() => !isRunning(ended), { what: `${server} to be gone` });
    },
    async restart() {
      await up();
    },
    async remove() {
      for (const server of ["postgres", "redis", "kafka"] as const) signal(server, "SIGCONT");
      await stackDown({ home, say: silent });
      await rm(home, { recursive: true, force: true });
    },
  };
}

/** A connection's process may have ended meanwhile. */
function tell(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

/** A process with its children: each Postgres connection is one. */
function family(pid: number | undefined): number[] {
  if (pid === undefined) return [];
  try {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ");
    return [pid, ...children.filter((child) => child !== "").flatMap((child) => family(Number(child)))];
  } catch {
    return [];
  }
}
