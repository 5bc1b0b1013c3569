import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { logFile } from "./home.ts";
import { choosePorts } from "./ports.ts";
import { isRunning, type ProcessRef, stopProcess } from "./process.ts";
import type { Say } from "./progress.ts";
import type { Launch, StackServer } from "./server.ts";
import { StackError, UsageError } from "./stack-error.ts";
import { type NativeServer, type ServerName, type ServerState, type StackState, writeState } from "./state.ts";

export interface Up {
  name: ServerName;
  env: Record<string, string>;
  started: boolean;
}

export interface Wanted {
  home: string;
  state: StackState;
  env: NodeJS.ProcessEnv;
  say: Say;
  signal?: AbortSignal | undefined;
}

/** How long a server that is running already may take to answer before it counts as stuck and is replaced. */
export const FOUND_MS = 5_000;
export const START_MS = 60_000;
/** What does not answer hardly ever ends politely. */
const HUNG_GRACE_MS = 2_000;
/** Twice is enough for what passes by itself: a port lost to somebody between choosing and binding, old Postgres backends ending. */
const ATTEMPTS = 3;

/** Uses the server that the environment names, else the one that runs from before, else starts it. */
export async function bringUp(server: StackServer, { home, state, env, say, signal }: Wanted): Promise<Up> {
  const { name } = server;
  const given = server.given.filter((variable) => env[variable]);
  if (given.length > 0) {
    return {
      name,
      env: Object.fromEntries(given.map((variable) => [variable, env[variable] as string])),
      started: false,
    };
  }
  const launch: Launch = { home, state, say, signal, ports: {} };
  const found = state.servers[name];
  if (found?.process && isRunning(found.process)) {
    if ((await answers(server, found, launch, FOUND_MS)) === "yes") return finish(server, found, launch, false);
    say(`Replacing ${server.title}, which runs but does not answer …`);
    await stopProcess(found.process, server.stopSignal, HUNG_GRACE_MS);
  }
  say(`Starting ${server.title} …`);
  for (let attempt = 1; ; attempt++) {
    signal?.throwIfAborted();
    const started = await start(server, launch);
    const answer = await answers(server, started, launch, START_MS);
    if (answer === "yes") return finish(server, started, launch, true);
    await stopProcess(started.process, server.stopSignal, HUNG_GRACE_MS);
    if (answer === "no" || attempt === ATTEMPTS) throw new StackError(failure(server, home));
    await sleep(500);
  }
}

/** Remembers the process at once: a run killed while the server starts must leave it findable. */
async function start(server: StackServer, launch: Launch): Promise<NativeServer> {
  const { state, home } = launch;
  launch.ports = await choosePorts(server.ports, state.ports[server.name]);
  const process: ProcessRef = await server.launch(launch);
  const started: NativeServer = { process, ports: launch.ports };
  state.servers[server.name] = started;
  state.ports[server.name] = launch.ports;
  writeState(home, state);
  return started;
}

async function answers(server: StackServer, known: NativeServer, launch: Launch, withinMs: number) {
  const end = Date.now() + withinMs;
  while (Date.now() < end) {
    launch.signal?.throwIfAborted();
    try {
      await server.check(known, launch);
      return "yes" as const;
    } catch {
      if (!isRunning(known.process)) return "ended" as const;
      await sleep(50);
    }
  }
  return "no" as const;
}

/** Makes what nodes expect in a server that answers. */
export async function finish(server: StackServer, known: ServerState, launch: Launch, started: boolean): Promise<Up> {
  await server.prepare?.(known, launch);
  return { name: server.name, env: server.environment(known, launch), started };
}

/** Throws UsageError when the environment names a server only in part. */
export function checkGiven({ given }: StackServer, env: NodeJS.ProcessEnv): void {
  const [first] = given.filter((variable) => env[variable]);
  const missing = given.filter((variable) => !env[variable]);
  if (first && missing.length > 0) {
    throw new UsageError(`${first} is set, so set ${missing.join(" and ")} too, or none of them.`);
  }
}

function failure({ name, title }: StackServer, home: string): string {
  const file = logFile(home, name);
  const last = readFileSync(file, "utf8").trim().split("\n").slice(-5).join("\n");
  return `${title} did not start; the end of ${file}:\n${last}`;
}
