import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { ServiceBroker } from "moleculer";
import { ScheduleMixin } from "#mixins/schedule.mixin.ts";
import { eventually } from "./fixture.ts";

async function running(everyMs: number, run: () => Promise<void>): Promise<ServiceBroker> {
  const broker = new ServiceBroker({ logger: false });
  broker.createService({ name: "scheduled", mixins: [ScheduleMixin({ name: "work", everyMs, run })] });
  await broker.start();
  return broker;
}

test("scheduled work never runs twice at once, and stopping waits for the run that goes on", async () => {
  let atOnce = 0;
  let most = 0;
  let runs = 0;
  const broker = await running(1, async () => {
    most = Math.max(most, ++atOnce);
    await sleep(20);
    atOnce--;
    runs++;
  });
  await eventually(() => runs >= 3 && atOnce === 1);
  await broker.stop();
  assert.deepEqual([most, atOnce], [1, 0]);
  const after = runs;
  await sleep(50);
  assert.equal(runs, after);
});

test("scheduled work that fails runs again", async () => {
  let runs = 0;
  const broker = await running(1, async () => {
    if (++runs < 3) throw new Error("not yet");
  });
  await eventually(() => runs >= 4);
  await broker.stop();
});
