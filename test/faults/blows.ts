import { setTimeout as sleep } from "node:timers/promises";
import { RELAY_LOCK } from "#mixins/outbox.repository.ts";
import type { ServerName } from "#stack/state.ts";
import type { TcpProxy } from "../support/tcp-proxy.ts";
import { askUntil } from "./ask.ts";
import type { Stage } from "./fault.ts";

/** From this to that many ms. */
type Span = readonly [low: number, high: number];

/** Kills a server, and starts it again after a while. Tells whether anybody was connected to it. */
export async function killServer({ world, random }: Stage, server: ServerName, downMs: Span): Promise<boolean> {
  const proxy = { postgres: world.postgres, redis: world.redis, kafka: world.kafka }[server as string];
  const clients = proxy?.connections ?? 1;
  await world.kill(server);
  await sleep(random.between(...downMs));
  await world.restartServers();
  return clients > 0;
}

/** Cuts all connections, so many times. Tells whether there were any. */
export async function cutAgain({ random }: Stage, proxy: TcpProxy, times: number, pauseMs: Span): Promise<boolean> {
  let broken = 0;
  for (let n = 0; n < times; n++) {
    broken += proxy.cut();
    await sleep(random.between(...pauseMs));
  }
  return broken > 0;
}

/** Three times the server hears everything and is not heard, until its clients begin anew. Tells whether it said anything. */
export async function loseReplies({ random }: Stage, proxy: TcpProxy, lostMs: Span): Promise<boolean> {
  const before = proxy.bytes.lost;
  for (let n = 0; n < 3; n++) {
    proxy.dropReplies(true);
    await sleep(random.between(...lostMs));
    proxy.dropReplies(false);
    proxy.cut();
    await sleep(random.between(200, 800));
  }
  return proxy.bytes.lost > before;
}

/** Kills one of these nodes, and starts it again after a while. */
export async function killNode({ world, random }: Stage, names: readonly string[], downMs: Span): Promise<boolean> {
  const node = world.nodes.get(random.pick(names));
  const isAlive = node?.isRunning ?? false;
  await node?.killed();
  await sleep(random.between(...downMs));
  await node?.start();
  return isAlive;
}

interface Midst {
  /** What Postgres is slowed down by until then. */
  slowMs?: number;
  /** Called when it is dead. */
  killed?: () => void;
  /** Selects the application_name of a session that is in the midst of it, as Postgres sees it. */
  sql: string;
  withinMs: number;
  downMs: Span;
  /** Kills these too, whoever it is. */
  and?: readonly string[];
}

/** Kills a node in the midst of what it asks of Postgres, and starts it again after a while. Tells whether one was met there. */
export async function killInMidst({ world, random }: Stage, midst: Midst): Promise<boolean> {
  if (midst.slowMs) world.postgres.delay(midst.slowMs);
  const session = await askUntil<string>(world, "booking", { sql: midst.sql, ms: midst.withinMs });
  const names = new Set([...(midst.and ?? []), ...(session ? [nodeOf(session)] : [])]);
  const killed = [...names].map((name) => world.nodes.get(name));
  await Promise.all(killed.map((node) => node?.killed()));
  if (midst.slowMs) world.postgres.delay(0);
  midst.killed?.();
  await sleep(random.between(...midst.downMs));
  await Promise.all(killed.map((node) => node?.start()));
  return session !== undefined;
}

/** Selects the application_name of the session that leads booking's relay. */
export const LEADING = `
  select a.application_name from pg_locks l join pg_stat_activity a using (pid)
  where l.locktype = 'advisory' and l.objid = ${RELAY_LOCK} and l.granted and a.application_name like 'eventix-booking@%'`;

/** Of `eventix-booking@a-3`: a. */
export const nodeOf = (session: string): string => session.replace(/^.*@|-\d+$/g, "");
