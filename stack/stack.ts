import { existsSync } from "node:fs";
import { bringUp, checkGiven, type Wanted } from "./bring-up.ts";
import { compose, containerRuns } from "./docker/compose.ts";
import { type ComposedServer, dockerUp } from "./docker/docker-up.ts";
import { chooseKind } from "./docker/engine.ts";
import { eventixHome, makeHome } from "./home.ts";
import { issuer } from "./issuer/issuer.ts";
import { kafka } from "./kafka/kafka.ts";
import { createTopics, kafkaOf } from "./kafka/topics.ts";
import { withLock } from "./lock.ts";
import { postgres } from "./postgres/postgres.ts";
import { isRunning, type ProcessRef, stopProcess } from "./process.ts";
import { type Say, sayOnStderr, silent } from "./progress.ts";
import { provider } from "./provider/provider.ts";
import { redis } from "./redis/redis.ts";
import type { StackServer } from "./server.ts";
import { StackError } from "./stack-error.ts";
import { readState, type ServerName, type ServerState, type StackState, writeState } from "./state.ts";

const SERVERS: readonly StackServer[] = [postgres, redis, kafka, issuer, provider];
const wantedBy = (env: NodeJS.ProcessEnv) => SERVERS.filter(({ isWanted }) => isWanted?.(env) ?? true);
/** A polite stop that takes longer is cut: the whole of Ctrl-C has ten seconds, services included. */
const STOP_GRACE_MS = 5_000;

interface UpOptions {
  home?: string;
  /** Where URLs of servers that are already there are looked up. */
  env?: NodeJS.ProcessEnv;
  say?: Say;
  /**
   * The process that brings the stack down again when it ends, or after the one that was to; without it the stack stays until
   * `stackDown`.
   */
  owner?: ProcessRef;
  /** Gives up and ends what was started. */
  signal?: AbortSignal;
}

export interface Stack {
  home: string;
  /** What a node needs: DATABASE_URL_*, REDIS_URL, KAFKA_BROKERS, AUTH_*, PAYMENT_*, EVENTIX_HOME. */
  env: Record<string, string>;
  /** Servers started by this call; the others were found running or given by the environment. */
  started: ServerName[];
}

/**
 * Brings up Postgres, Redis, Kafka, the token issuer and, where PAYMENT_PROVIDER asks for one, the stand-in for a payment
 * provider, each one given by the environment, found running from before, or started; with databases, roles and topics.
 * Throws StackError for what the user can mend; where nothing ran before, nothing runs then either.
 */
export async function stackUp({
  home = eventixHome(),
  env = process.env,
  say = sayOnStderr,
  owner,
  signal,
}: UpOptions = {}) {
  for (const server of wantedBy(env)) checkGiven(server, env);
  makeHome(home);
  return withLock(home, say, async (): Promise<Stack> => {
    const state = readState(home);
    const composed = inDocker(home, state, env);
    state.given = givenBy(env);
    const idle = !SERVERS.some(({ name }) => serverRuns(state.servers[name]));
    state.owner = chooseOwner(state, owner, idle);
    state.heirs = owner && state.owner && !isSame(state.owner, owner) ? [...heirsOf(state), owner] : heirsOf(state);
    writeState(home, state);
    try {
      return await bringUpAll(composed, { home, state, env, say, signal });
    } catch (error) {
      // What else went wrong while clearing up would hide the reason.
      if (idle) await stopAll(home, state, {}).catch(() => {});
      throw error;
    }
  });
}

interface DownOptions extends UpOptions {
  /** Removes what Docker keeps of it too; what else there is goes with the folder. */
  volumes?: boolean;
}

/**
 * Ends every server of this home that was started here; data stays. With `owner` only as long as the stack is its: `up` may have
 * been asked to keep it, and others that use it inherit it. Returns the names of those that were running.
 */
export async function stackDown({ home = eventixHome(), say = sayOnStderr, owner, volumes = false }: DownOptions = {}) {
  if (!existsSync(home)) return [];
  return withLock(home, say, async () => {
    const state = readState(home);
    if (owner && !(state.owner && isSame(state.owner, owner))) return [];
    const [heir, ...heirs] = owner ? heirsOf(state) : [];
    if (heir) {
      writeState(home, { ...state, owner: heir, heirs });
      return [];
    }
    return stopAll(home, state, { volumes });
  });
}

/** The environment of the stack that is up. Throws StackError when one of the servers that are `needed` is not. */
export function stackEnvironment(
  home: string = eventixHome(),
  env: NodeJS.ProcessEnv = process.env,
  needed: readonly ServerName[] = SERVERS.map(({ name }) => name),
): Record<string, string> {
  const state = readState(home);
  const given = { ...state.given, ...givenBy(env) };
  const parts = wantedBy(given).map((server) => {
    if (server.given.every((name) => given[name])) return {};
    const known = state.servers[server.name];
    if (known && serverRuns(known)) {
      return server.environment(known, { home, state, ports: known.ports, say: silent, signal: undefined });
    }
    if (!needed.includes(server.name)) return {};
    if (runningServers(home).length === 0) {
      throw new StackError(`No stack is up in ${home}: npx eventix up, or npm start`);
    }
    throw new StackError(`${server.title} of the stack in ${home} is not running: npx eventix up`);
  });
  return { ...Object.assign({}, ...parts), ...given, EVENTIX_HOME: home };
}

/** The names of a home's servers that run now. */
export function runningServers(home: string): ServerName[] {
  const { servers } = readState(home);
  return SERVERS.filter(({ name }) => serverRuns(servers[name])).map(({ name }) => name);
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

const isSame = (a: ProcessRef, b: ProcessRef): boolean => a.pid === b.pid && a.started === b.started;
const heirsOf = ({ heirs = [] }: StackState): ProcessRef[] => heirs.filter(isRunning);

function givenBy(env: NodeJS.ProcessEnv): Record<string, string> {
  const names = SERVERS.flatMap(({ given }) => given);
  // The local issuer's tokens have its own audience; another issuer's have what the user says.
  if (env.AUTH_JWKS_URI) names.push("AUTH_AUDIENCE");
  names.push("PAYMENT_PROVIDER");
  if (env.PAYMENT_API_URL) names.push("PAYMENT_WEBHOOK_SECRETS", "PAYMENT_WEBHOOK_SECRETS_FILE");
  return Object.fromEntries(names.flatMap((name) => (env[name] ? [[name, env[name]]] : [])));
}

/** The servers that Docker runs here: none of those that are given, or run as processes already. */
function inDocker(home: string, state: StackState, env: NodeJS.ProcessEnv): ComposedServer[] {
  const possible = SERVERS.filter(
    (server): server is ComposedServer =>
      server.compose !== undefined &&
      !server.given.some((variable) => env[variable]) &&
      !isRunning(state.servers[server.name]?.process),
  );
  if (possible.length === 0) return [];
  state.kind = chooseKind(home, state.kind, env);
  return state.kind === "docker" ? possible : [];
}

async function bringUpAll(composed: ComposedServer[], wanted: Wanted): Promise<Stack> {
  const { home, state, say } = wanted;
  const others = wantedBy(wanted.env).filter(({ name }) => !composed.some((server) => server.name === name));
  const ups = others.map(async (server) => [await bringUp(server, wanted)]);
  const results = await Promise.allSettled(composed.length > 0 ? [dockerUp(composed, wanted), ...ups] : ups);
  const failures = results.flatMap((result) => (result.status === "rejected" ? [result.reason as Error] : []));
  if (failures.length > 0) throw allOf(failures);
  const up = results.flatMap((result) => (result.status === "fulfilled" ? result.value : []));
  const env = { ...Object.assign({}, ...up.map((one) => one.env)), ...state.given, EVENTIX_HOME: home };
  await createTopics(kafkaOf({ ...wanted.env, ...env }), say);
  return { home, env, started: up.flatMap(({ name, started }) => (started ? [name] : [])) };
}

const serverRuns = (server: ServerState | undefined): boolean =>
  server?.container !== undefined ? containerRuns(server.container) : isRunning(server?.process);

async function stopAll(home: string, state: StackState, { volumes = false }): Promise<ServerName[]> {
  const running = SERVERS.filter(({ name }) => serverRuns(state.servers[name]));
  const stops = running.map(async ({ name, stopSignal }) => {
    const server = state.servers[name];
    if (server?.process) await stopProcess(server.process, stopSignal, STOP_GRACE_MS);
  });
  // Asked of Docker even when no container is known: a run that was killed while they started knew none.
  if (state.project !== undefined && (volumes || state.kind === "docker")) {
    const args = ["down", "--timeout", String(STOP_GRACE_MS / 1_000), ...(volumes ? ["--volumes"] : [])];
    stops.push(compose(args, { project: state.project }).then(() => {}));
  }
  const failed = (await Promise.allSettled(stops)).find((stop) => stop.status === "rejected");
  if (failed) throw failed.reason;
  state.servers = {};
  delete state.owner;
  delete state.heirs;
  writeState(home, state);
  return running.map(({ name }) => name);
}
