import assert from "node:assert/strict";
import { test } from "node:test";
import { type Costs, STAGES } from "../../bench/costs.ts";
import { ASSUMPTIONS, type Assumptions } from "../../bench/model/assumptions.ts";
import { microsecondsABooking, ofRequests, ofTickets } from "../../bench/model/demand.ts";
import { spread } from "../../bench/model/nodes.ts";
import { eventLimit, plan, relayLimit, slowdown } from "../../bench/model/plan.ts";
import { fc } from "../support/property.ts";
import { BY_HAND, costing } from "./support/by-hand.ts";

const needs = (costs: Costs, bookings: number, a: Assumptions) =>
  Object.fromEntries(plan(costs, { bookings, requests: 0 }, a).map((need) => [need.what, need]));

test("7,200 tickets in an hour are one booking of two seats a second, and three at the peak, with ten requests each", () => {
  assert.deepEqual(ofTickets(7_200, BY_HAND), { bookings: 3, requests: 30 });
  assert.deepEqual(ofRequests(1_000, BY_HAND), { bookings: 100, requests: 1_000 });
});

test("a booking costs its own way and that of the refused and the curious beside it", () => {
  const costs = costing(10, { "hold: gateway": 100, "refusal: gateway": 50, "refusal: booking": 20 });
  const { gateway, booking, payment } = microsecondsABooking(costs, BY_HAND);
  assert.equal(gateway, 100 + 2 * 50 + 7 * 10);
  assert.equal(booking, 10 + 10 + 10 + 2 * 20);
  assert.equal(payment, 10);
});

const SPREAD: [busy: number, cores: number, zones: number, nodes: number, why: string][] = [
  [3, 1, 1, 6, "six at half of their cores"],
  [3, 1, 2, 12, "six must be left when either zone is lost"],
  [3, 1, 3, 9, "six are left of nine when a third is lost"],
  [3, 4, 3, 3, "two machines of four cores, and so one a zone"],
  [0.001, 1, 3, 3, "one is needed, another may be lost, and zones are alike"],
];
for (const [busy, cores, zones, nodes, why] of SPREAD) {
  test(`${busy} busy cores on nodes of ${cores} in ${zones} zones need ${nodes}: ${why}`, () => {
    assert.equal(spread(busy, cores, { ...BY_HAND, zones }), nodes);
  });
}

test("a relay's rounds are as large as rows and bytes allow, and wait for Kafka, the commit and three round trips", () => {
  const costs = costing(1, {
    "relay: rows": 2,
    "relay: a second": 5_000,
    "relay: facts": 900,
    "payment: facts": 1_100,
  });
  // 250 bookings have 1,000 rows (and 500 kB); what a round takes twice here is 100 ms, and 18 ms are waits.
  assert.equal(relayLimit(costs, BY_HAND), (0.5 * 250) / (0.1 + 0.018));
  const large = costing(1, {
    "relay: rows": 2,
    "relay: a second": 5_000,
    "relay: facts": 512,
    "payment: facts": 1_024 * 8 - 512,
  });
  assert.equal(relayLimit(large, BY_HAND), (0.5 * 64) / ((64 * 2) / 5_000 + 0.018));
});

test("what is largest of cores, write-ahead log and relay decides how many shards there are", () => {
  const cheap = { "relay: rows": 1, "relay: a second": 1e9, "relay: facts": 1, "payment: facts": 1 };
  const shards = (others: Record<string, number>) =>
    needs(costing(0, { ...cheap, ...others }), 1_000, BY_HAND)["booking database shards"];
  assert.deepEqual([shards({ "hold: postgres booking": 5_000 })?.count, shards({ "hold: wal": 2_500 })?.count], [3, 3]);
  assert.equal(shards({ "hold: postgres booking": 5_000 })?.because, "its cores");
  assert.equal(shards({ "hold: wal": 2_500 })?.because, "its write-ahead log");
  const slow = shards({ "relay: a second": 1_000 });
  assert.equal(slow?.because, "its relay");
  assert.equal(slow?.count, Math.ceil(1_000 / ((0.5 * 500) / (1 + 0.018))));
});

test("partitions are as many as consumers need, or bytes", () => {
  const partitions = (others: Record<string, number>) =>
    needs(costing(1, others), 1_000, BY_HAND)["partitions a topic of facts"];
  assert.deepEqual(partitions({ "payment: payment": 2_100 }), {
    what: "partitions a topic of facts",
    count: 9,
    because: "one for each payment node",
  });
  assert.equal(partitions({ "payment: booking": 1_600 })?.because, "booking's consumers");
  assert.deepEqual(partitions({ "relay: facts": 199, "payment: facts": 101 })?.count, 3);
});

test("each zone has a Redis with all locks, and Kafka a copy of each record", () => {
  const { "Redis servers": redis, "Kafka brokers": kafka } = needs(costing(1), 100, BY_HAND);
  assert.deepEqual([redis?.count, kafka?.count, kafka?.because], [3, 3, "a copy in each zone"]);
  // 1,000 × 5 ms in three copies are 15 cores: 15 brokers of two that are half busy, when a third of them is lost.
  const busy = needs(costing(1, { "answer: kafka": 0, "hold: kafka": 4_996 }), 1_000, BY_HAND)["Kafka brokers"];
  assert.deepEqual([busy?.count, busy?.because], [24, "their cores"]);
});

test("one event sells what one thread or the batches in flight allow, whichever is less", () => {
  const costs = costing(1, { "hold: booking": 100, "refusal: booking": 25 });
  // 70 holds in flight of 7 ms each are 10,000 a second.
  assert.deepEqual(eventLimit(costs, BY_HAND), {
    granted: 5_000,
    refused: 20_000,
    mixed: 0.5e6 / 150,
    byBatches: 10_000,
  });
  assert.equal(eventLimit(costing(1, { "hold: booking": 10 }), BY_HAND).granted, 10_000);
});

test("a server that is half busy takes twice as long, one that is nine tenths busy ten times, a full one for ever", () => {
  assert.deepEqual([0, 0.5, 0.75].map(slowdown), [1, 2, 4]);
  assert.equal(Math.round(slowdown(0.9)), 10);
  assert.equal(slowdown(1), Infinity);
});

const anyCosts = fc
  .array(fc.double({ min: 1, max: 1e4, noNaN: true }), { minLength: 60, maxLength: 60 })
  .map((values) => {
    let n = 0;
    const names = Object.entries(STAGES).flatMap(([stage, parts]) => parts.map((part) => `${stage}: ${part}`));
    return costing(0, Object.fromEntries(names.map((name) => [name, values[n++] as number])));
  });
const someBookings = fc.double({ min: 1, max: 1e6, noNaN: true });
const someMore = fc.double({ min: 1, max: 10, noNaN: true });

const countsOf = (costs: Costs, bookings: number, a = ASSUMPTIONS) =>
  plan(costs, { bookings, requests: 0 }, a).map(({ count }) => count);

/** Nothing of `more` is less than in `less`. */
function assertNoLess(more: number[], less: number[]): void {
  for (const [n, count] of more.entries()) assert(count >= (less[n] as number), `${more} and ${less}`);
}

test("more bookings, dearer ones, a lower utilisation and more losers never need less of anything", () => {
  fc.assert(
    fc.property(anyCosts, someBookings, someMore, (costs, bookings, times) => {
      const now = countsOf(costs, bookings);
      assertNoLess(countsOf(costs, bookings * times), now);
      assertNoLess(countsOf(costs, bookings, { ...ASSUMPTIONS, utilisation: ASSUMPTIONS.utilisation / times }), now);
      const losers = { ...ASSUMPTIONS, refusalsABooking: ASSUMPTIONS.refusalsABooking * times };
      assertNoLess(countsOf(costs, bookings, losers), now);
      const dearer = structuredClone(costs);
      for (const part of STAGES.hold) dearer.hold[part] *= times;
      assertNoLess(countsOf(dearer, bookings), now);
    }),
  );
});

test("without any one zone the nodes that are left carry all, at the utilisation that was wished for", () => {
  fc.assert(
    fc.property(fc.double({ min: 0.01, max: 1e4, noNaN: true }), fc.integer({ min: 2, max: 5 }), (busy, zones) => {
      const nodes = spread(busy, 1, { ...ASSUMPTIONS, zones });
      assert.equal(nodes % zones, 0);
      assert(busy / (nodes - nodes / zones) <= ASSUMPTIONS.utilisation * (1 + 1e-9));
    }),
  );
});
