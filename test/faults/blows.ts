import { setTimeout as sleep } from "node:timers/promises";
import type { ServerName } from "#stack/state.ts";
import type { TcpProxy } from "../support/tcp-proxy.ts";
import type { Stage } from "./fault.ts";

/** From this to that many ms. */
type Span = readonly [low: number, high: number];

/** Kills a server, and starts it again after a while. */
export async function killServer({ world, random }: Stage, server: ServerName, downMs: Span): Promise<void> {
  await world.kill(server);
  await sleep(random.between(...downMs));
  await world.restartServers();
}

/** Cuts all connections, so many times. */
export async function cutAgain({ random }: Stage, proxy: TcpProxy, times: number, pauseMs: Span): Promise<void> {
  for (let n = 0; n < times; n++) {
    proxy.cut();
    await sleep(random.between(...pauseMs));
  }
}

/** Three times the server hears everything and is not heard, until its clients begin anew. */
export async function loseReplies({ random }: Stage, proxy: TcpProxy, lostMs: Span): Promise<void> {
  for (let n = 0; n < 3; n++) {
    proxy.dropReplies(true);
    await sleep(random.between(...lostMs));
    proxy.dropReplies(false);
    proxy.cut();
    await sleep(random.between(200, 800));
  }
}

/** Kills one of these nodes, and starts it again after a while. */
export async function killNode({ world, random }: Stage, names: readonly string[], downMs: Span): Promise<void> {
  const node = world.nodes.get(random.pick(names));
  await node?.killed();
  await sleep(random.between(...downMs));
  await node?.start();
}

/** The same in the midst of what it asks of a Postgres that is slow until then. */
export async function killInMidst(
  { world, random }: Stage,
  names: readonly string[],
  { slowMs, afterMs, downMs }: { slowMs: number; afterMs: Span; downMs: Span },
): Promise<void> {
  const node = world.nodes.get(random.pick(names));
  world.postgres.delay(slowMs);
  await sleep(random.between(...afterMs));
  await node?.killed();
  world.postgres.delay(0);
  await sleep(random.between(...downMs));
  await node?.start();
}
