import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { startNode, type TestNode, untilReachable } from "../support/node.ts";
import { until } from "../support/until.ts";
import { Shop } from "./support/shop.ts";

let node: TestNode;
let shop: Shop;

async function open(env: Record<string, string>): Promise<void> {
  node = await startNode({ env });
  await untilReachable(node);
  shop = new Shop(node.url);
}

describe("when the provider refuses", () => {
  before(() => open({ PAYMENT_SUCCESS_RATE: "0", PAYMENT_DELAY_MS: "0" }));
  after(() => node.stop());

  test("the booking is cancelled and its seat can be sold again", async () => {
    const { id, seatIds } = await shop.putOnSale(1);
    const { id: bookingId } = await shop.hold("alice", id, seatIds);
    const ended = await shop.untilEnded("alice", bookingId);
    assert.deepEqual([ended.status, ended.reason], ["CANCELLED", "PAYMENT_FAILED"]);
    assert.equal((await shop.book("bob", id, seatIds)).status, 201);
  });
});

describe("when the provider never answers", () => {
  before(() => open({ PAYMENT_NEVER_RATE: "1", PAYMENT_DELAY_MS: "0" }));
  after(() => node.stop());

  test("a hold expires at its deadline, and its seat is sold again at once, before any sweep", async () => {
    const { id, seatIds } = await shop.putOnSale(1, { holdSeconds: 2 });
    const held = await shop.hold("alice", id, seatIds);
    const early = await shop.book("bob", id, seatIds);
    assert.deepEqual(
      [early.status, early.error?.code, early.error?.details],
      [409, "SEAT_ALREADY_RESERVED", { conflicts: [{ seatId: seatIds[0], status: "HELD" }] }],
    );
    // Asked without pause: whoever asks first after the deadline gets the seat, whether the sweep has been there or not.
    const taken = await until(
      async () => {
        const answer = await shop.book("bob", id, seatIds);
        return answer.status === 201 ? answer.data : undefined;
      },
      { what: "the seat to be sold again" },
    );
    assert(Date.parse(taken.createdAt) >= Date.parse(held.expiresAt as string));
    assert(Date.parse(taken.createdAt) < Date.parse(held.expiresAt as string) + 1_500);
    const expired = await shop.untilEnded("alice", held.id);
    assert.deepEqual([expired.status, expired.reason], ["CANCELLED", "EXPIRED"]);
  });

  test("holds that nobody asks for are swept, and the seats shown as free", async () => {
    const { id, seatIds } = await shop.putOnSale(3, { holdSeconds: 1 });
    const held = await shop.hold("alice", id, seatIds);
    const ended = await shop.untilEnded("alice", held.id);
    assert.deepEqual([ended.status, ended.reason], ["CANCELLED", "EXPIRED"]);
    const free = await until(async () => (await shop.statuses(id)).every((s) => s === "AVAILABLE"), {
      what: "free seats",
    });
    assert(free);
  });

  test("a cancelled hold frees its seats for the next buyer; cancelled again it answers the same", async () => {
    const { id, seatIds } = await shop.putOnSale(2);
    const { id: bookingId } = await shop.hold("alice", id, seatIds);
    const first = await shop.cancel("alice", bookingId);
    assert.deepEqual([first.status, first.data.status, first.data.reason], [200, "CANCELLED", "BY_USER"]);
    assert.deepEqual((await shop.cancel("alice", bookingId)).data, first.data);
    assert.equal((await shop.book("bob", id, seatIds)).status, 201);
  });
});
