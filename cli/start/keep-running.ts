import { setTimeout as sleep } from "node:timers/promises";
import type { NodeProcess } from "#stack/node-process.ts";
import { sayOnStderr as say } from "#stack/progress.ts";

const PAUSE_MS = 1_000;
const PAUSE_MAX_MS = 30_000;
/** A node that has run for so long did not end of what it is. */
const STEADY_MS = 60_000;

/**
 * Starts a node again whenever it ends, since other nodes may run on the same servers, which must not go with it. Waits longer
 * each time, until one runs steadily. Resolves after `wish` is aborted.
 */
export async function keepRunning(first: NodeProcess, start: () => NodeProcess, wish: AbortSignal): Promise<void> {
  let node = first;
  let began = performance.now();
  for (let pauseMs = PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, PAUSE_MAX_MS)) {
    const how = await node.ended;
    if (wish.aborted) return;
    if (performance.now() - began > STEADY_MS) pauseMs = PAUSE_MS;
    say(`The node ended by itself with ${how}; its log above says why. It is started again in ${pauseMs / 1_000} s …`);
    await sleep(pauseMs);
    if (wish.aborted) return;
    began = performance.now();
    node = start();
    await node.ready().then(
      () => say("The node is ready again."),
      () => {},
    );
  }
}
