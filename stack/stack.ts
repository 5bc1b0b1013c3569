import { existsSync } from "node:fs";
import { bringUp } from "./bring-up.ts";
import { eventixHome, makeHome } from "./home.ts";
import { issuer } from "./issuer/issuer.ts";
import { kafka } from "./kafka/kafka.ts";
import { createTopics } from "./kafka/topics.ts";
import { withLock } from "./lock.ts";
import { postgres } from "./postgres/postgres.ts";
import { isRunning, type ProcessRef, stopProcess } from "./process.ts";
import { type Say, sayOnStderr, silent } from "./progress.ts";
import { redis } from "./redis/redis.ts";
import type { StackServer } from "./server.ts";
import { StackError } from "./stack-error.ts";
import { readState, type ServerName, type StackState, writeState } from "./state.ts";

const SERVERS: readonly StackServer[] = [postgres, redis, kafka, issuer];
/** A polite stop that takes longer is cut: the whole of Ctrl-C has ten seconds, services included. */
const STOP_GRACE_MS = 5_000;

interface UpOptions {
  home?: string;
  /** Where URLs of servers that are already there are looked up. */
  env?: NodeJS.ProcessEnv;
  say?: Say;
  /** The process that brings the stack down again when it ends; without it the stack stays until `stackDown`. */
  owner?: ProcessRef;
  /** Gives up and ends what was started. */
  signal?: AbortSignal;
}

export interface Stack {
  home: string;
  /** What a node needs: DATABASE_URL_*, REDIS_URL, KAFKA_BROKERS, AUTH_*, EVENTIX_HOME. */
  env: Record<string, string>;
  /** Servers started by this call; the others were found running or given by the environment. */
  started: ServerName[];
  /** Whether the caller is to bring it down: it started it, or the one that did was killed. */
  owned: boolean;
}

/**
 * Brings up Postgres, Redis, Kafka and the token issuer, each one given by the environment, found running from before, or
 * started; with databases, roles and topics. Throws StackError for what the user can mend.
 */
export async function stackUp({
  home = eventixHome(),
  env = process.env,
  say = sayOnStderr,
  owner,
  signal,
}: UpOptions = {}) {
  makeHome(home);
  return withLock(home, say, async (): Promise<Stack> => {
    const state = readState(home);
    state.given = givenBy(env);
    const idle = !SERVERS.some(({ name }) => isRunning(state.servers[name]?.process));
    state.owner = chooseOwner(state, owner, idle);
    writeState(home, state);
    const results = await Promise.allSettled(
      SERVERS.map((server) => bringUp(server, { home, state, env, say, signal })),
    );
    const failures = results.flatMap((result) => (result.status === "rejected" ? [result.reason as Error] : []));
    if (failures.length > 0) {
      if (idle) await stopAll(home, state);
      throw allOf(failures);
    }
    const up = results.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
    const full = { ...Object.assign({}, ...up.map((one) => one.env)), ...state.given, EVENTIX_HOME: home };
    await createTopics(full.KAFKA_BROKERS.split(","), say);
    return {
      home,
      env: full,
      started: up.flatMap(({ name, started }) => (started ? [name] : [])),
      owned: owner !== undefined && state.owner?.pid === owner.pid,
    };
  });
}

/** Ends every server of this home that was started here; data stays. Returns the names of those that were running. */
export async function stackDown({ home = eventixHome(), say = sayOnStderr }: UpOptions = {}): Promise<ServerName[]> {
  if (!existsSync(home)) return [];
  return withLock(home, say, () => stopAll(home, readState(home)));
}

/** The environment of the stack that is up. Throws StackError when it is not. */
export function stackEnvironment(
  home: string = eventixHome(),
  env: NodeJS.ProcessEnv = process.env,
): Record<string, string> {
  const state = readState(home);
  const given = { ...state.given, ...givenBy(env) };
  const parts = SERVERS.map((server) => {
    if (server.given.every((name) => given[name])) return {};
    const known = state.servers[server.name];
    if (!known || !isRunning(known.process)) {
      throw new StackError(`No stack is up in ${home} (${server.title} is not running): npx eventix up, or npm start`);
    }
    return server.environment(known, { home, state, ports: known.ports, say: silent, signal: undefined });
  });
  return { ...Object.assign({}, ...parts), ...given, EVENTIX_HOME: home };
}

/** All that the user has to mend at once, or else the first that is not for them to mend. */
const allOf = (failures: Error[]): Error =>
  failures.find((failure) => !(failure instanceof StackError)) ??
  new StackError(failures.map(({ message }) => message).join("\n"));

/** A stack that somebody keeps up with `up` stays theirs; one whose starter was killed passes to the next. */
function chooseOwner(state: StackState, asking: ProcessRef | undefined, idle: boolean): ProcessRef | undefined {
  if (!asking) return undefined;
  const abandoned = state.owner !== undefined && !isRunning(state.owner);
  return idle || abandoned ? asking : state.owner;
}

function givenBy(env: NodeJS.ProcessEnv): Record<string, string> {
  const names = SERVERS.flatMap(({ given }) => given);
  // The local issuer's tokens have its own audience; another issuer's have what the user says.
  if (env.AUTH_JWKS_URI) names.push("AUTH_AUDIENCE");
  return Object.fromEntries(names.flatMap((name) => (env[name] ? [[name, env[name]]] : [])));
}

async function stopAll(home: string, state: StackState): Promise<ServerName[]> {
  const running = SERVERS.filter(({ name }) => isRunning(state.servers[name]?.process));
  await Promise.all(
    running.map(({ name, stopSignal }) =>
      stopProcess((state.servers[name] as { process: ProcessRef }).process, stopSignal, STOP_GRACE_MS),
    ),
  );
  state.servers = {};
  delete state.owner;
  writeState(home, state);
  return running.map(({ name }) => name);
}
