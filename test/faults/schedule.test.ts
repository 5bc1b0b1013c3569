import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { until } from "../support/until.ts";
import { Buyer } from "./buyer.ts";
import { FAULTS, scheduleOf } from "./faults.ts";
import { History } from "./history.ts";
import { countHits } from "./hits.ts";
import { Random } from "./random.ts";
import { within } from "./within.ts";

const SEATS = Array.from({ length: 40 }, (_, n) => `seat-${n}`);
const LOAD_MS = 5_000;

/** What a buyer of this seed wishes to hold, in turn, from a shop that answers like this. */
async function wishesFrom(seed: string, status: number, code: string, delayMs: number, count: number) {
  const server = createServer(async (_, res) => {
    await sleep(delayMs);
    res.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify({ error: { code } }));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const history = new History();
  const stopping = new AbortController();
  const buyer = new Buyer("alice", "token", new Random(seed), {
    ...{ run: seed, urls: [`http://127.0.0.1:${(server.address() as AddressInfo).port}`], known: [], history },
    ...{ halls: [{ eventId: "event", seatIds: SEATS }], keyedIn: new Map(), paysAtPage: false },
    stopped: stopping.signal,
  });
  const wishes = () => {
    const first = new Map(history.ofKind("hold").map((op, n) => [op.key ?? n, op.seatIds.join()]));
    return [...first.values()].slice(0, count);
  };
  const running = buyer.run();
  await until(() => wishes().length === count, { what: `${count} wishes`, ms: 60_000 });
  stopping.abort();
  await running;
  server.closeAllConnections();
  server.close();
  return wishes();
}

test("a buyer wishes for the same seats, one wish after the other, however the shop answers", async () => {
  const [refused, unknown, other] = await Promise.all([
    wishesFrom("7", 409, "SEAT_ALREADY_RESERVED", 0, 6),
    // Keyed holds are repeated then.
    wishesFrom("7", 503, "SERVICE_UNAVAILABLE", 20, 6),
    wishesFrom("8", 409, "SEAT_ALREADY_RESERVED", 0, 6),
  ]);
  assert.deepEqual(unknown, refused);
  assert.notDeepEqual(other, refused);
});

test("the same seed gives the same faults at the same times", () => {
  const drawn = (seed: number) => scheduleOf(new Random(String(seed)), LOAD_MS, undefined);
  for (let seed = 1; seed <= 20; seed++) assert.deepEqual(drawn(seed), drawn(seed));
  assert.notDeepEqual(drawn(1), drawn(2));
});

test("what a source draws does not depend on what its forks have drawn", () => {
  const drawn = (before: number) => {
    const random = new Random("1");
    const fault = random.fork("fault");
    for (let n = 0; n < before; n++) fault.float();
    return [random.float(), random.fork("other").float()];
  };
  assert.deepEqual(drawn(100), drawn(0));
});

test("every fault that is not long is drawn, faults of one run agree on their nodes, and some runs pay at a page", () => {
  const schedules = Array.from({ length: 1_000 }, (_, n) => scheduleOf(new Random(String(n)), LOAD_MS, undefined));
  const drawn = new Set(schedules.flatMap(({ strikes }) => strikes.map(({ fault }) => fault.name)));
  assert.deepEqual(
    FAULTS.filter(({ long, name }) => !long && !drawn.has(name)),
    [],
  );
  for (const { strikes, settings, apart, holdSeconds } of schedules) {
    for (const { fault } of strikes) {
      for (const [name, value] of Object.entries(fault.settings ?? {})) assert.equal(settings[name], value, fault.name);
      assert.deepEqual(fault.apart ?? apart, apart, fault.name);
      assert.equal(fault.holdSeconds ?? holdSeconds, holdSeconds, fault.name);
    }
  }
  const atPage = schedules.filter(({ settings }) => settings.PAYMENT_PROVIDER === "webhook").length;
  assert(atPage > 100 && atPage < 600, `${atPage} of 1,000`);
});

test("faults are counted by name: how often they bit, and how often they met nothing", () => {
  const run = (...hits: [name: string, hasBitten: boolean][]) => ({
    hits: hits.map(([name, hasBitten]) => ({ name, hasBitten })),
  });
  assert.deepEqual(countHits([run(["b", true], ["a", false]), run(), run(["b", true], ["a", true])]), {
    a: { applied: 1, missed: 1 },
    b: { applied: 2, missed: 0 },
  });
});

test("what takes too long is told by its name, and what fails in time fails as it does", async () => {
  await assert.rejects(within(10, "the run", new Promise(() => {})), /^Error: the run took more than 0\.01 s$/);
  await assert.rejects(within(1_000, "the run", Promise.reject(new Error("broken"))), /^Error: broken$/);
  assert.equal(await within(1_000, "the run", Promise.resolve(1)), 1);
});
