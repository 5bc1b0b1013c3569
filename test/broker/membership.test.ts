import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { ServiceBroker } from "moleculer";
import { Cluster, type Definition, groupsOf, topicsOf, until, untilServed } from "./support/cluster.ts";

const work = (node: string): Definition => ({
  name: "work",
  actions: {
    who: { access: "anyone", handler: () => node },
    slow: { access: "anyone", handler: () => new Promise((resolve) => setTimeout(() => resolve(node), 300)) },
  },
});

/** Above the time without a heartbeat after which a node is missed. */
const STILL_MS = 4_500;
/** Below the time for which a stopping node waits for the others. */
const LATE_MS = 300;

interface Transit {
  messageHandler(type: string, packet: unknown): Promise<boolean>;
}

const cluster = new Cluster();
let caller: ServiceBroker;

before(async () => {
  caller = await cluster.start("caller");
  await cluster.start("first", { services: [work("first")] });
  await untilServed(caller, "work.who", ["first"]);
});
after(() => cluster.stop());

test("a node that joins gets calls, and those of one that leaves go elsewhere without a failure", async () => {
  const second = await cluster.start("second", { services: [work("second")] });
  await untilServed(caller, "work.who", ["first", "second"]);
  const answers = new Set(await Promise.all(Array.from({ length: 20 }, () => caller.call("work.who"))));
  assert.deepEqual([...answers].sort(), ["first", "second"]);

  let leaving = true;
  const failures: unknown[] = [];
  const load = Promise.all(
    Array.from({ length: 16 }, async () => {
      while (leaving) await caller.call("work.who").catch((error) => failures.push(error));
    }),
  );
  const unfinished = Array.from({ length: 4 }, () => caller.call("work.slow"));
  await second.stop();
  await untilServed(caller, "work.who", ["first"]);
  leaving = false;
  await load;
  assert.deepEqual(failures, []);
  assert.deepEqual(new Set(await Promise.all(unfinished)), new Set(["first", "second"]));
  assert.equal(await caller.call("work.who"), "first");
});

const lateReadings = [
  ["what all are told", ["INFO", "PING", "DISCONNECT"]],
  ["its own inbox", ["RES", "PING"]],
] as const;
for (const [what, late] of lateReadings) {
  test(`a node that stops fails no call of one that reads ${what} late`, async () => {
    const second = await cluster.start("second", { services: [work("second")] });
    await untilServed(caller, "work.who", ["first", "second"]);
    const { transit } = caller as unknown as { transit: Transit };
    const { messageHandler } = transit;
    transit.messageHandler = async (type, packet) => {
      if (late.some((it) => it === type)) await sleep(LATE_MS);
      return messageHandler.call(transit, type, packet);
    };
    const ended: Promise<unknown>[] = Array.from({ length: 4 }, () => caller.call("work.slow"));
    const calling = setInterval(() => ended.push(caller.call("work.who")), 5);
    try {
      await second.stop();
      await untilServed(caller, "work.who", ["first"]);
    } finally {
      clearInterval(calling);
      transit.messageHandler = messageHandler;
    }
    const failures = (await Promise.allSettled(ended)).filter(({ status }) => status === "rejected");
    assert.deepEqual(failures, []);
  });
}

test("a process that stood still does not take the others for dead, though it has not heard them", async () => {
  const gone: string[] = [];
  caller.localBus.on("$node.disconnected", ({ node }: { node: { id: string } }) => gone.push(node.id));
  const answers = Promise.all(Array.from({ length: 4 }, () => caller.call("work.slow")));
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, STILL_MS);
  assert.deepEqual(new Set(await answers), new Set(["first"]));
  await sleep(1_000);
  assert.deepEqual(gone, []);
});

test("a node that comes back under its name is called again", async () => {
  for (let round = 0; round < 2; round++) {
    const second = await cluster.start("second", { services: [work("second")] });
    await untilServed(caller, "work.who", ["first", "second"]);
    await until("second answers", async () => (await caller.call("work.who")) === "second");
    await second.stop();
    await untilServed(caller, "work.who", ["first"]);
  }
});

test("a stopped node leaves neither topic nor consumer group, and stopping twice is harmless", async () => {
  const guest = await cluster.start("guest");
  const mine = (name: string) => name.includes(".NODE.guest");
  assert.equal((await topicsOf(cluster.namespace)).filter(mine).length, 1);
  await guest.stop();
  await guest.stop();
  await until("the topic is gone", async () => !(await topicsOf(cluster.namespace)).some(mine));
  assert.deepEqual(await groupsOf(cluster.namespace), []);
});
