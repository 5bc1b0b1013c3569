import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";

interface Run {
  env?: Record<string, string | undefined>;
}

export interface Finished {
  code: number | null;
  stdout: string;
  stderr: string;
}

export interface Command {
  child: ChildProcess;
  /** What it has printed so far, stdout and stderr together. */
  printed(): string;
  finished: Promise<Finished>;
}

const EVENTIX = join(import.meta.dirname, "../../cli/eventix.ts");

/** For `env`: lets a command look for servers in its EVENTIX_HOME, and not in the environment of the test run. */
export const NO_SERVERS_GIVEN: Record<string, undefined> = {
  DATABASE_URL_CATALOG: undefined,
  DATABASE_URL_BOOKING: undefined,
  DATABASE_URL_PAYMENT: undefined,
  REDIS_URL: undefined,
  KAFKA_BROKERS: undefined,
  AUTH_JWKS_URI: undefined,
  AUTH_ISSUER: undefined,
  AUTH_AUDIENCE: undefined,
};

/** Starts `eventix …` as a process of its own, in this environment with `env` on top. */
export function startEventix(args: string[], { env = {} }: Run = {}): Command {
  const child = spawn(process.execPath, [EVENTIX, ...args], {
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const end = () => child.kill("SIGTERM");
  process.on("exit", end);
  child.once("exit", () => process.off("exit", end));
  let stdout = "";
  let stderr = "";
  let all = "";
  child.stdout.on("data", (chunk) => {
    stdout += chunk;
    all += chunk;
  });
  child.stderr.on("data", (chunk) => {
    stderr += chunk;
    all += chunk;
  });
  const finished = once(child, "close").then(([code]) => ({ code, stdout, stderr }) as Finished);
  return { child, printed: () => all, finished };
}

/** Runs `eventix …` to its end. */
export const eventix = (args: string[], run: Run = {}): Promise<Finished> => startEventix(args, run).finished;
