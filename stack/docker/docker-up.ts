import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { FOUND_MS, finish, START_MS, type Up, type Wanted } from "../bring-up.ts";
import { choosePorts } from "../ports.ts";
import { ADMIN, DATABASE_SERVICES, drawPasswords, roleOf } from "../postgres/databases.ts";
import type { ComposeService, Launch, StackServer } from "../server.ts";
import { StackError } from "../stack-error.ts";
import { type ServerState, type StackState, writeState } from "../state.ts";
import { compose, containers } from "./compose.ts";

export type ComposedServer = StackServer & { compose: ComposeService };

/** A port may be lost to somebody between choosing and binding. */
const ATTEMPTS = 3;
const PORT_LOST = /port is already allocated|address already in use|ports are not available/i;
const POLL_MS = 100;

/** Uses the containers of this home's project that run, and starts the others all at once. */
export async function dockerUp(
  servers: readonly ComposedServer[],
  { home, state, say, signal }: Wanted,
): Promise<Up[]> {
  const launch: Launch = { home, state, say, signal, ports: {} };
  state.project ??= `eventix-${randomBytes(4).toString("hex")}`;
  drawPasswords(state);
  // Before the first container: a run killed while they start must leave them findable.
  writeState(home, state);
  await noteRunning(servers, launch);
  const answering = await Promise.all(servers.map((server) => answers(server, launch, FOUND_MS)));
  const wanted = servers.filter((_, i) => !answering[i]);
  if (wanted.length > 0) {
    say(`Starting ${wanted.map(({ title }) => title).join(", ")} in Docker; the first time their images are fetched …`);
    await start(wanted, launch);
    await Promise.all(wanted.map((server) => untilAnswering(server, launch)));
  }
  return Promise.all(servers.map((server) => finish(server, known(server, state), launch, wanted.includes(server))));
}

/** What docker-compose.yml is told: the stack's ports and passwords. */
function composeEnvironment(state: StackState, servers: readonly ComposedServer[]): Record<string, string> {
  const passwords = [ADMIN, ...DATABASE_SERVICES.map(roleOf)].map((role) => [
    `${role.toUpperCase()}_PASSWORD`,
    state.passwords[role] as string,
  ]);
  const ports = servers.map(({ name, compose: { variable } }) => [variable, String(state.ports[name]?.[name])]);
  return Object.fromEntries([...passwords, ...ports]);
}

/** Takes up the containers that a run before has left; forgets the others. */
async function noteRunning(servers: readonly ComposedServer[], { home, state }: Launch): Promise<void> {
  const running = await containers(state.project as string);
  for (const { name, compose } of servers) {
    const container = running.get(compose.service);
    const port = container?.ports[compose.port];
    if (container && port) {
      state.servers[name] = { container: container.id, ports: { [name]: port } };
      state.ports[name] = { [name]: port };
    } else delete state.servers[name];
  }
  writeState(home, state);
}

async function start(servers: readonly ComposedServer[], launch: Launch): Promise<void> {
  const { home, state, signal } = launch;
  const services = servers.map(({ compose }) => compose.service);
  // One that runs and does not answer is stuck: a new container, on the same data.
  const args = ["up", "--detach", "--wait", "--force-recreate", ...services];
  for (let attempt = 1; ; attempt++) {
    await takePorts(servers, state);
    writeState(home, state);
    try {
      await compose(args, { project: state.project as string, env: composeEnvironment(state, servers), signal });
      break;
    } catch (error) {
      if (!PORT_LOST.test((error as Error).message) || attempt === ATTEMPTS) throw error;
    }
  }
  await noteRunning(servers, launch);
}

/** Those used before where they are free, so that addresses stay. */
async function takePorts(servers: readonly ComposedServer[], state: StackState): Promise<void> {
  const names = servers.filter(({ name }) => !state.servers[name]).map(({ name }) => name);
  const before = Object.fromEntries(names.flatMap((name) => Object.entries(state.ports[name] ?? {})));
  const ports = await choosePorts(names, before);
  for (const name of names) state.ports[name] = { [name]: ports[name] as number };
}

async function untilAnswering(server: ComposedServer, launch: Launch): Promise<void> {
  if (await answers(server, launch, START_MS)) return;
  const { project } = launch.state;
  throw new StackError(
    `${server.title} runs in Docker but cannot be reached from here: docker compose -p ${project} logs ` +
      `${server.compose.service} may say why. To go on without Docker, on data of its own: EVENTIX_STACK=native.`,
  );
}

async function answers(server: ComposedServer, launch: Launch, withinMs: number): Promise<boolean> {
  const end = Date.now() + withinMs;
  while (launch.state.servers[server.name] && Date.now() < end) {
    launch.signal?.throwIfAborted();
    try {
      await server.check(known(server, launch.state), launch);
      return true;
    } catch {
      await sleep(POLL_MS);
    }
  }
  return false;
}

const known = ({ name }: ComposedServer, state: StackState) => state.servers[name] as ServerState;
