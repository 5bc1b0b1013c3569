import { mkdtempSync } from "node:fs";
import { readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { guard } from "#stack/guard.ts";
import { logFile, makeHome } from "#stack/home.ts";
import { signToken } from "#stack/issuer/token.ts";
import { choosePorts } from "#stack/ports.ts";
import { ADMIN, type DatabaseService, databaseOf, postgresUrl } from "#stack/postgres/databases.ts";
import { isRunning, type ProcessRef } from "#stack/process.ts";
import { silent } from "#stack/progress.ts";
import { stackDown, stackUp } from "#stack/stack.ts";
import { readState, type ServerName, writeState } from "#stack/state.ts";
import { migrate } from "../../migrations/migrate.ts";
import { TcpProxy } from "../support/tcp-proxy.ts";
import { until } from "../support/until.ts";
import type { Roles } from "./fault.ts";
import { RunNode } from "./run-node.ts";
import { within } from "./within.ts";

/**
 * Each service on two nodes, none on all, and each half whole (a; b with c): whichever is killed, another can go on. Calls cross
 * nodes by Kafka, and the actors of an event move when a node comes or goes.
 */
const ROLES: Roles = {
  a: ["gateway", "catalog", "booking", "payment"],
  b: ["gateway", "booking"],
  c: ["catalog", "payment"],
};
/** Some of them run in few runs only. */
const NODES = ["a", "b", "c", "d", "e"];

/** Payments of every kind, and limits too high to be met by a crowd that comes from one address. */
const SETTINGS: Record<string, string> = {
  PAYMENT_PROVIDER: "mock",
  PAYMENT_SUCCESS_RATE: "0.6",
  PAYMENT_NEVER_RATE: "0.1",
  PAYMENT_DELAY_MS: "300",
  PAYMENT_SEED: "1",
  RATE_LIMIT_PER_MINUTE: "1000000",
  ADDRESS_RATE_LIMIT_PER_MINUTE: "1000000",
  FAILED_LOGINS_PER_MINUTE: "1000000",
  LOG_FORMAT: "json",
};

/** The provider's stand-in runs all the time, for the runs that use it. */
const STACK = { EVENTIX_STACK: "native", PAYMENT_PROVIDER: "webhook" };

const HEAL_MS = 60_000;
const CLOSE_MS = 60_000;

interface Arrangement {
  /** Services that no node runs. */
  without?: readonly string[];
  /** Nodes that see each other and no others. */
  apart?: readonly string[];
  /** Services of each node, where they are not the usual ones. */
  roles?: Roles | undefined;
}

/** Real servers behind proxies, and nodes that use them: what faults are thrown at. Serves many runs. */
export class World {
  readonly home: string;
  /** As the servers are, past the proxies. */
  readonly env: Record<string, string>;
  /** Between every node and the servers. */
  readonly postgres: TcpProxy;
  readonly redis: TcpProxy;
  readonly kafka: TcpProxy;
  readonly nodes: ReadonlyMap<string, RunNode>;
  #settings: Record<string, string> = {};

  private constructor(home: string, env: Record<string, string>, proxies: [TcpProxy, TcpProxy, TcpProxy]) {
    this.home = home;
    this.env = env;
    [this.postgres, this.redis, this.kafka] = proxies;
    const through = {
      ...env,
      ...Object.fromEntries(
        Object.entries(env).flatMap(([name, value]) => {
          if (name.startsWith("DATABASE_URL_")) return [[name, withPort(value, this.postgres.port)]];
          return name === "REDIS_URL" ? [[name, withPort(value, this.redis.port)]] : [];
        }),
      ),
      KAFKA_BROKERS: `127.0.0.1:${this.kafka.port}`,
      ...SETTINGS,
    };
    this.nodes = new Map(NODES.map((name) => [name, new RunNode(name, home, through)]));
  }

  static async open(): Promise<World> {
    const home = mkdtempSync(join(tmpdir(), "eventix-faults-"));
    guard(home);
    makeHome(home);
    const at = (port: number | undefined) => TcpProxy.to({ host: "127.0.0.1", port: port as number });
    // Kafka itself names the address that its clients go to: the proxy has to be there first.
    const ports = { kafka: await choosePorts(["kafka", "controller"]) };
    const kafka = await at(ports.kafka.kafka);
    writeState(home, { ...readState(home), ports, kafkaSeenAt: kafka.port });
    const { env } = await stackUp({ home, env: STACK, say: silent });
    await migrate(env, silent);
    const portOf = (url: string | undefined) => Number(new URL(url as string).port);
    const [postgres, redis] = await Promise.all([at(portOf(env.DATABASE_URL_BOOKING)), at(portOf(env.REDIS_URL))]);
    const world = new World(home, env, [postgres, redis, kafka]);
    await world.useNodes({});
    return world;
  }

  /** Throws when something of it does not end: then what still runs is in its home, which stays. */
  close(): Promise<void> {
    return within(CLOSE_MS, `closing the servers and nodes of ${this.home}`, this.#close());
  }

  async #close(): Promise<void> {
    await Promise.all([...this.nodes.values()].map((node) => node.stop()));
    await Promise.all([this.postgres, this.redis, this.kafka].map((proxy) => proxy.close()));
    await stackDown({ home: this.home, say: silent });
    await rm(this.home, { recursive: true, force: true });
  }

  /** Lets all nodes run with these settings on top, `apart` in a cluster of their own, and waits until they are ready. */
  async useNodes(env: Record<string, string>, arrangement: Arrangement = {}): Promise<void> {
    const { without = [], apart = [], roles = ROLES } = arrangement;
    this.#settings = env;
    const nodes = [...this.nodes.values()].map((node) => {
      const own = apart.includes(node.name) ? { ...env, NAMESPACE: "apart" } : env;
      return node.use(own, roles[node.name] ?? [], without);
    });
    await Promise.all(nodes);
  }

  /** What the nodes run with besides the addresses of their servers. */
  get settings(): Readonly<Record<string, string>> {
    return { ...SETTINGS, ...this.#settings };
  }

  /** Of the gateways, whether they run or not. */
  get urls(): string[] {
    return [...this.nodes.values()].flatMap((node) => (node.url ? [node.url] : []));
  }

  brokers(): string[] {
    return [this.env.KAFKA_BROKERS as string];
  }

  url(service: DatabaseService): string {
    return this.env[`DATABASE_URL_${service.toUpperCase()}`] as string;
  }

  /** Of the superuser, past the proxy. */
  adminUrl(service: DatabaseService): string {
    const port = readState(this.home).servers.postgres?.ports.postgres as number;
    return postgresUrl(readState(this.home), port, ADMIN, databaseOf(service));
  }

  token(name: string, scopes: readonly string[] = []): string {
    return signToken(this.home, name, { expires: "6h", scopes });
  }

  /** Sends a signal to a server's process. */
  signal(server: ServerName, signal: NodeJS.Signals): void {
    const ref = this.#processOf(server);
    if (isRunning(ref)) process.kill(ref.pid, signal);
  }

  /** Ends a server as a power cut would; with Postgres its backends, which notice by themselves. */
  async kill(server: ServerName): Promise<void> {
    const ref = this.#processOf(server);
    this.signal(server, "SIGKILL");
    await until(() => !isRunning(ref), { what: `${server} to be gone` });
  }

  /** Starts again what is not running, on the same ports. */
  async restartServers(): Promise<void> {
    await stackUp({ home: this.home, env: STACK, say: silent });
  }

  /** Takes every fault away and waits until all nodes are ready. Throws when they do not recover. */
  async heal(): Promise<void> {
    for (const proxy of [this.postgres, this.redis, this.kafka]) {
      proxy.stall("both", false);
      proxy.drop("both", false);
      proxy.delay(0);
      proxy.cutAt = () => undefined;
      await proxy.refuse(false);
    }
    for (const server of ["postgres", "redis", "kafka", "issuer", "provider"] as const) this.signal(server, "SIGCONT");
    await this.restartServers();
    await Promise.all([...this.nodes.values()].map((node) => node.heal(HEAL_MS)));
  }

  /** Nodes that ended without having been killed or stopped, since this was last asked. */
  takeOwnEnds(): string[] {
    return [...this.nodes.values()].flatMap((node) => node.takeOwnEnds());
  }

  /** What all processes have logged, by file. */
  async logs(): Promise<Record<string, string>> {
    const names = [
      "postgres",
      "redis",
      "kafka",
      "issuer",
      "provider",
      ...[...this.nodes.keys()].map((name) => `node-${name}`),
    ];
    const texts = names.map(async (name) => [name, await readFile(logFile(this.home, name), "utf8").catch(() => "")]);
    return Object.fromEntries(await Promise.all(texts));
  }

  #processOf(server: ServerName): ProcessRef | undefined {
    return readState(this.home).servers[server]?.process;
  }
}

function withPort(url: string, port: number): string {
  const through = new URL(url);
  through.port = String(port);
  return through.href;
}
