import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startNode, type TestNode, untilReachable } from "../support/node.ts";
import { tokenFor } from "../support/token.ts";
import { until } from "../support/until.ts";
import { factsOf, readFacts, versionOf } from "./support/facts.ts";
import { Shop } from "./support/shop.ts";

let node: TestNode;
let shop: Shop;

before(async () => {
  node = await startNode({ env: { PAYMENT_SUCCESS_RATE: "1", PAYMENT_DELAY_MS: "20" } });
  await untilReachable(node);
  shop = new Shop(node.url);
});
after(() => node.stop());

test("a hold is paid and ends as a ticket with a reference, told by facts of one correlation id", async () => {
  const { id, seatIds } = await shop.putOnSale(4);
  const [first, second] = seatIds as [string, string];

  const held = await shop.book("alice", id, [second, first], { "x-correlation-id": "evening-1" });
  assert.equal(held.status, 201);
  assert.equal(held.headers.get("location"), `/api/bookings/${held.data.id}`);
  assert.equal(held.headers.get("x-correlation-id"), "evening-1");
  assert.deepEqual(
    {
      status: held.data.status,
      total: held.data.totalMinor,
      currency: held.data.currency,
      ticket: held.data.ticketReference,
    },
    { status: "PENDING", total: 2_000, currency: "EUR", ticket: null },
  );

  const booked = await shop.untilEnded("alice", held.data.id);
  assert.equal(booked.status, "CONFIRMED");
  assert.match(booked.ticketReference ?? "", /^[0-9A-HJKMNP-TV-Z]{4}(-[0-9A-HJKMNP-TV-Z]{4}){2}$/);
  const payment = await shop.payment("alice", held.data.id);
  assert.deepEqual(
    payment.data.captures.map(({ amountMinor, status }) => ({ amountMinor, status })),
    [{ amountMinor: 2_000, status: "CAPTURED" }],
  );

  const facts = await until(
    async () => {
      const own = factsOf(await readFacts(["booking.created", "booking.confirmed"]), held.data.id);
      return own.length === 2 ? own : undefined;
    },
    { what: "both facts of the booking" },
  );
  assert.deepEqual(
    facts.map((fact) => [fact.type, versionOf(fact), fact.correlationid]),
    [
      ["booking.created", 1, "evening-1"],
      ["booking.confirmed", 2, "evening-1"],
    ],
  );
});

test("another's booking is a 404 like one that does not exist", async () => {
  const { id, seatIds } = await shop.putOnSale(1);
  const { id: bookingId } = await shop.hold("alice", id, seatIds);
  for (const answer of [
    await shop.booking("mallory", bookingId),
    await shop.payment("mallory", bookingId),
    await shop.cancel("mallory", bookingId),
  ]) {
    assert.equal(answer.status, 404);
  }
  assert.equal((await shop.untilEnded("alice", bookingId)).status, "CONFIRMED");
});

test("a confirmed booking cannot be cancelled", async () => {
  const { id, seatIds } = await shop.putOnSale(1);
  const { id: bookingId } = await shop.hold("bob", id, seatIds);
  await shop.untilEnded("bob", bookingId);
  const answer = await shop.cancel("bob", bookingId);
  assert.deepEqual([answer.status, answer.error?.code], [409, "BOOKING_NOT_CANCELLABLE"]);
});

test("own bookings are listed newest first, page by page", async () => {
  const { id, seatIds } = await shop.putOnSale(3);
  const made: string[] = [];
  for (const seatId of seatIds) made.unshift((await shop.hold("carol", id, [seatId])).id);
  const listed: string[] = [];
  for (let cursor = ""; ; ) {
    const page = await shop.mine("carol", `limit=2${cursor}`);
    listed.push(...page.data.map((booking) => booking.id));
    if (!page.meta?.nextCursor) break;
    cursor = `&cursor=${page.meta.nextCursor}`;
  }
  assert.deepEqual(listed, made);
});

test("buyers who ask while an event is provisioned are told to come back, and then served", async () => {
  const eventId = await shop.publish(20_000);
  const statuses = new Set<string>();
  const unknownSeat = "00000000-0000-4000-8000-000000000000";
  await until(
    async () => {
      const { status, error } = await shop.book("dora", eventId, [unknownSeat]);
      statuses.add(`${status} ${error?.code}`);
      return status === 422;
    },
    { what: "the event to be on sale", ms: 30_000 },
  );
  statuses.delete("409 EVENT_NOT_ON_SALE");
  assert.deepEqual([...statuses], ["422 SEAT_NOT_FOUND"]);
});

test("an event that nobody knows is not found", async () => {
  const nowhere = "11111111-1111-4111-8111-111111111111";
  const answer = await shop.book("alice", nowhere, [nowhere]);
  assert.deepEqual([answer.status, answer.error?.code], [404, "EVENT_NOT_FOUND"]);
});

test("a service with its token learns which seats exist and what they cost; a buyer does not", async () => {
  const { id, seatIds } = await shop.putOnSale(2);
  const unknown = "00000000-0000-4000-8000-000000000000";
  const token = tokenFor("box-office", { scopes: ["internal"] });
  const [first] = seatIds as [string];
  const ask = (path: string, ids: string[], as = token) =>
    shop.call("POST", `/internal/events/${id}/seats/${path}`, { token: as, body: { seatIds: ids } });

  const known = await ask("validate", [first, unknown]);
  assert.deepEqual([known.status, known.data], [200, { valid: [first], unknown: [unknown] }]);
  const priced = await ask("prices", [first]);
  assert.deepEqual(priced.data, {
    currency: "EUR",
    prices: [{ seatId: first, priceMinor: 1_000, category: "Stalls" }],
  });
  assert.equal((await ask("validate", [first], tokenFor("alice"))).status, 403);
});

test("more seats than the event allows are refused with the limit", async () => {
  const { id, seatIds } = await shop.putOnSale(3, { maxSeats: 2 });
  const answer = await shop.book("alice", id, seatIds);
  assert.deepEqual(
    [answer.status, answer.error?.code, answer.error?.details],
    [422, "MAX_SEATS_EXCEEDED", { maxSeats: 2 }],
  );
});

test("outside its sale window an event sells nothing", async () => {
  const { id, seatIds } = await shop.putOnSale(1, { saleFrom: "2034-01-01T00:00:00Z" });
  const answer = await shop.book("alice", id, seatIds);
  assert.deepEqual([answer.status, answer.error?.code], [409, "EVENT_NOT_ON_SALE"]);
});
