import assert from "node:assert/strict";
import { test } from "node:test";
import type { ConsumedPartition, NodeHealth } from "#contracts/health.ts";
import { lagText } from "../../cli/inspect/lag-text.ts";

const node = (nodeId: string, ...consumers: ConsumedPartition[]): NodeHealth => ({
  nodeId,
  ready: true,
  dependencies: [],
  consumers,
});
const reads = (partition: number, lag: number | null, over: Partial<ConsumedPartition> = {}): ConsumedPartition => ({
  group: "eventix.booking.payment-result",
  topic: "payment.success",
  partition,
  lag,
  stuckOn: null,
  ...over,
});

test("what consumers have not applied is one table over all nodes, with what they are stuck on below", () => {
  const stuckOn = { offset: "17", factId: null, reason: "connection lost", since: "2026-11-23T10:00:00.000Z" };
  const failed = { topic: "payment.failed" };
  const text = lagText(
    [node("b", reads(1, 3, { stuckOn }), reads(0, 0), reads(4, 12)), node("a", reads(2, 0), reads(3, null, failed))],
    ["No node offers payment: start one with npm start"],
    new Date("2026-11-24T00:00:00Z"),
  );
  assert.equal(
    text,
    [
      "NODE  CONSUMER                TOPIC            PARTITIONS  NOT APPLIED",
      "a     booking.payment-result  payment.failed   3           Kafka does not say",
      "a     booking.payment-result  payment.success  2           0",
      "b     booking.payment-result  payment.success  0,1,4       15 (1: 3, 4: 12)",
      "booking.payment-result is stuck on payment.success/1@17 since 2026-11-23 10:00:00Z: connection lost",
      "No node offers payment: start one with npm start.",
      "",
    ].join("\n"),
  );
});
