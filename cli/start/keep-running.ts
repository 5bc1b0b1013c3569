import { setTimeout as sleep } from "node:timers/promises";
import type { NodeProcess } from "#stack/node-process.ts";

const PAUSE_MS = 1_000;
const PAUSE_MAX_MS = 30_000;
/** A node that has run for so long did not end of what it is. */
const STEADY_MS = 60_000;

interface Kept {
  /** The node that runs. */
  first: NodeProcess;
  start: () => NodeProcess;
  /** Aborted when the node is to end. */
  wish: AbortSignal;
  /** It ended by itself and is started again in `pauseMs`; undefined: never. */
  ended: (how: string, pauseMs: number | undefined) => void;
  ready: () => void;
  /** How often it is started again until one runs steadily; without end when absent. */
  restartsMax?: number;
}

/**
 * Starts a node again whenever it ends, since other nodes may run on the same servers, which must not go with it. Waits longer
 * each time, until one runs steadily. Resolves after `wish` is aborted, or when it is given up.
 */
export async function keepRunning({ first, start, wish, ended, ready, restartsMax = Infinity }: Kept): Promise<void> {
  let node = first;
  let began = performance.now();
  for (let [pauseMs, restarts] = [PAUSE_MS, 0]; ; pauseMs = Math.min(2 * pauseMs, PAUSE_MAX_MS)) {
    const how = await node.ended;
    if (wish.aborted) return;
    if (performance.now() - began > STEADY_MS) [pauseMs, restarts] = [PAUSE_MS, 0];
    if (restarts++ >= restartsMax) return ended(how, undefined);
    ended(how, pauseMs);
    await sleep(pauseMs);
    if (wish.aborted) return;
    began = performance.now();
    node = start();
    await node.ready().then(ready, () => {});
  }
}
