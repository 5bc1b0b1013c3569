import assert from "node:assert/strict";
import { after, mock, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { Cluster } from "./support/cluster.ts";

const cluster = new Cluster();
after(() => cluster.stop());

/** A connection of kafkajs that looks for waiting requests all the time sets some 900 timers in that time; a node has several. */
const QUIET_MS = 1_000;
const TIMERS = 150;

test("a node that nobody calls sleeps, and Node.js warns of no timer", async () => {
  const warnings: string[] = [];
  process.on("warning", ({ name }) => warnings.push(name));
  const { broker } = await cluster.start("sleeper", { services: [{ name: "bed", actions: { make: () => "made" } }] });
  await broker.call("bed.make");
  const set = mock.method(globalThis, "setTimeout");
  await delay(QUIET_MS);
  set.mock.restore();
  assert.ok(set.mock.callCount() < TIMERS, `${set.mock.callCount()} timers within ${QUIET_MS} ms`);
  assert.deepEqual(warnings, []);
});
