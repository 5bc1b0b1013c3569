import assert from "node:assert/strict";
import { test } from "node:test";
import type { Assumptions } from "../../bench/model/assumptions.ts";
import { cellLimit, coresOfALeader, nodesFor, threadOfAHall } from "../../bench/model/nodes.ts";
import { plan } from "../../bench/model/plan.ts";
import { fc } from "../support/property.ts";
import { BY_HAND, costing } from "./support/by-hand.ts";

const nodesOf = (others: Record<string, number>, bookings: number, a: Assumptions = BY_HAND) =>
  nodesFor(costing(0, others), { bookings, requests: 0 }, a);
const needOf = (what: string, others: Record<string, number>, bookings: number, a: Assumptions = BY_HAND) => {
  const relay = { "relay: rows": 1, "relay: a second": 1e9, "relay: facts": 1, "payment: facts": 1 };
  const needs = plan(costing(0, { ...relay, ...others }), { bookings, requests: 0 }, a);
  return needs.find((need) => need.what === what);
};

test("each gateway asks about each hall four times a second, never more than is looked, and ten reads answer all", () => {
  const asked = (others: Record<string, number>, bookings: number) => {
    const { questions, reads } = nodesOf(others, bookings);
    return { questions, reads };
  };
  // 1,000 × 2 ms are two cores: four gateways at half of theirs, and six when a zone may be lost.
  assert.deepEqual(asked({ "hold: gateway": 2_000 }, 1_000), { questions: 6 * 4 * 2, reads: 10 * 2 });
  assert.deepEqual(asked({ "hold: gateway": 2_000_000 }, 1), { questions: 7, reads: 7 });
});

test("answers are work for booking's nodes, and for Kafka in all copies; reads are for booking's nodes and database", () => {
  const gateways = { "hold: gateway": 2_000 };
  const { booking } = nodesOf({ ...gateways, "answer: booking": 10_000, "read: booking": 50_000 }, 1_000);
  assert.deepEqual([booking.busy, booking.count], [1.48, 6]);
  const shards = needOf("booking database shards", { ...gateways, "read: postgres booking": 120_000 }, 1_000);
  assert.deepEqual(shards, { what: "booking database shards", busy: 2.4, count: 2, because: "its cores" });
  assert.equal(needOf("Kafka brokers", { ...gateways, "answer: kafka": 10_000 }, 1_000)?.busy, 3 * 48 * 0.01);
});

test("a hall whose looks are more than one thread has time for is helped by no number of booking nodes", () => {
  const looks = { "hold: gateway": 2_000, "answer: booking": 12_500 };
  const full = { ...looks, "read: booking": 20_000 };
  const enough = { what: "booking nodes", busy: 1, count: 3, because: "its thread" };
  assert.deepEqual(needOf("booking nodes", full, 1_000), enough);
  const others = { ...looks, "read: booking": 30_000 };
  assert.deepEqual(threadOfAHall(costing(0, others), nodesOf(others, 1_000), BY_HAND), { taken: 0.6, allowed: 0.5 });
  const nodes = needOf("booking nodes", others, 1_000);
  assert.deepEqual([nodes?.count, nodes?.because], [Infinity, "one hall's looks are too many for its node's thread"]);
  assert.equal(cellLimit(costing(0, { ...looks, "read: booking": 60_000 }), BY_HAND).gateways, 0);
});

test("nodes hear one another, which is work, for which there have to be more nodes, until there are enough", () => {
  const { gateway, booking, payment, all, heard, asked } = nodesOf({ "hold: gateway": 100_000 }, 1_000, {
    ...BY_HAND,
    heartbeatNodeUs: 300,
  });
  const deaf = nodesOf({ "hold: gateway": 100_000 }, 1_000);
  assert.equal(deaf.gateway.count, 300);
  assert(gateway.count > deaf.gateway.count);
  assert.equal(all, gateway.count + booking.count + payment.count);
  assert.deepEqual([heard, asked], [all ** 2, all * (all / (1 + all / 1_000))]);
  const inOtherZones = gateway.count * (2 / 3);
  const hearing = (asked / all) * 300e-6;
  assert(100 / inOtherZones + hearing <= 0.5, "also without one zone, with what all others say");
  assert(100 / (inOtherZones - 2) + hearing > 0.5, "and there is no zone's worth too many");
});

test("where hearing the others takes more of a thread than it may, no number of nodes is enough", () => {
  const { all, gateway } = nodesOf({ "hold: gateway": 100_000 }, 1_000, { ...BY_HAND, heartbeatNodeUs: 1_000 });
  assert.deepEqual([all, gateway.count], [Infinity, Infinity]);
});

test("one broker leads a cell's heartbeats: what it has no time for is helped by no number of brokers", () => {
  const a = { ...BY_HAND, heartbeatKafkaUs: 20 };
  const brokers = needOf("Kafka brokers", { "hold: gateway": 100_000 }, 1_000, a);
  assert.deepEqual([brokers?.count, brokers?.because], [Infinity, "heartbeats are too many for one leader"]);
});

test("cells share out the events, and hear only themselves", () => {
  const [one, ten] = [1, 10].map((cells) => {
    return nodesOf({ "hold: gateway": 100_000 }, 1_000, { ...BY_HAND, cells, heartbeatNodeUs: 1 });
  });
  assert.equal(ten?.heard, (ten?.all as number) ** 2 / 10);
  assert((ten?.questions as number) < (one?.questions as number) / 9);
});

test("at its limits a cell's hall and leader have what they may have, and beyond they have not", () => {
  const each = fc.double({ min: 10, max: 4e4, noNaN: true });
  fc.assert(
    fc.property(each, each, each, (answering, reading, hearing) => {
      const costs = costing(0, { "answer: booking": answering, "read: booking": reading });
      const a = { ...BY_HAND, heartbeatKafkaUs: hearing };
      const limit = cellLimit(costs, a);
      const full = (gateways: number, nodes: number) => {
        const hall = threadOfAHall(costs, { questions: gateways * 4 * a.hotHalls, reads: 10 * a.hotHalls }, a);
        const leader = coresOfALeader({ asked: nodes * (nodes / (1 + nodes / 1_000)) }, a);
        return [hall, leader].map(({ taken, allowed }) => taken / allowed);
      };
      for (const share of full(limit.gateways, limit.nodes)) assert(share <= 1 + 1e-9);
      for (const share of full(limit.gateways + 1, limit.nodes + 1)) assert(share >= 1 - 1e-9);
    }),
  );
});
