import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import pg from "pg";
import type { BookingResponse } from "#contracts/booking.ts";
import { startNode, type TestNode, untilReachable } from "../support/node.ts";
import { type Answer, Shop } from "./support/shop.ts";

let nodes: TestNode[];
let shops: Shop[];
let database: pg.Pool;

/** Two nodes of all services: most events have one actor, and no test may depend on it. */
before(async () => {
  const env = { PAYMENT_SUCCESS_RATE: "1", PAYMENT_DELAY_MS: "200", RATE_LIMIT_PER_MINUTE: "100000" };
  nodes = await Promise.all([startNode({ env }), startNode({ env })]);
  await Promise.all(nodes.map(untilReachable));
  shops = nodes.map((node) => new Shop(node.url));
  database = new pg.Pool({ connectionString: process.env.DATABASE_URL_BOOKING as string, max: 2 });
});
after(async () => {
  await database.end();
  await Promise.all(nodes.map((node) => node.stop()));
});

const shopOf = (n: number) => shops[n % shops.length] as Shop;
const conflictsOf = ({ error }: Answer<unknown>) =>
  (error?.details?.conflicts ?? []) as { seatId: string; status: string }[];
const pick = <T>(items: readonly T[]): T => items[Math.floor(Math.random() * items.length)] as T;

async function countActive(eventId: string): Promise<{ seats: number; items: number }> {
  const { rows } = await database.query(
    "select count(distinct seat_id)::int as seats, count(*)::int as items from booking_items where event_id = $1 and released_at is null",
    [eventId],
  );
  return rows[0];
}

test("in a stampede of 200 buyers on 20 seats each seat is sold once, and each loser is told which seat and why", async () => {
  const { id, seatIds } = await shopOf(0).putOnSale(20);
  const wishes = Array.from({ length: 200 }, (_, n) => ({ user: `buyer-${n}`, seatId: pick(seatIds) }));
  const answers = await Promise.all(wishes.map(({ user, seatId }, n) => shopOf(n).bookPatiently(user, id, [seatId])));

  const wanted = new Set(wishes.map(({ seatId }) => seatId));
  const won = answers.filter((answer) => answer.status === 201);
  assert.equal(won.length, wanted.size);
  assert.deepEqual(new Set(won.flatMap((answer) => answer.data.seats.map((seat) => seat.seatId))), wanted);
  answers.forEach((answer, n) => {
    if (answer.status === 201) return;
    assert.equal(answer.status, 409, JSON.stringify(answer.error));
    assert.equal(answer.error?.code, "SEAT_ALREADY_RESERVED");
    const [conflict] = conflictsOf(answer);
    assert.equal(conflict?.seatId, wishes[n]?.seatId);
    assert(["HELD", "BOOKED"].includes(conflict?.status ?? ""));
  });
  assert.deepEqual(await countActive(id), { seats: wanted.size, items: wanted.size });
});

test("buyers who want the same pairs in opposite orders neither deadlock nor share a seat", async () => {
  const { id, seatIds } = await shopOf(0).putOnSale(12);
  const pairs = Array.from({ length: 150 }, () => {
    const [a, b] = [pick(seatIds), pick(seatIds)];
    return a === b ? [a] : [a, b];
  });
  const answers = await Promise.all(pairs.map((pair, n) => shopOf(n).bookPatiently(`pair-${n}`, id, pair)));
  const statuses = new Set(answers.map((answer) => `${answer.status} ${answer.error?.code ?? ""}`));
  assert.deepEqual([...statuses].sort(), ["201 ", "409 SEAT_ALREADY_RESERVED"]);
  const sold = answers.filter((a) => a.status === 201).flatMap((a) => a.data.seats.map((seat) => seat.seatId));
  assert.equal(new Set(sold).size, sold.length);
  assert.deepEqual(await countActive(id), { seats: sold.length, items: sold.length });
});

test("one buyer who repeats with one key 50 times at once gets one booking and 50 equal answers", async () => {
  const { id, seatIds } = await shopOf(0).putOnSale(3);
  const headers = { "idempotency-key": "the-very-same" };
  const repeats = Array.from({ length: 50 }, (_, n) => shopOf(n).book("eager", id, seatIds, headers));
  const answers: Answer<BookingResponse>[] = await Promise.all(repeats);
  assert.deepEqual([...new Set(answers.map((answer) => answer.status))], [201]);
  assert.equal(new Set(answers.map((answer) => JSON.stringify(answer.data))).size, 1);
  assert.equal(answers.filter((answer) => answer.headers.get("idempotency-replayed") !== "true").length, 1);
  const { rows } = await database.query("select count(*)::int as n from bookings where user_id = 'eager'");
  assert.equal(rows[0].n, 1);
});

test("a key that comes with another body is refused, and changes nothing", async () => {
  const { id, seatIds } = await shopOf(0).putOnSale(2);
  const headers = { "idempotency-key": "k-2" };
  const [first, second] = seatIds as [string, string];
  assert.equal((await shopOf(0).book("fickle", id, [first], headers)).status, 201);
  const other = await shopOf(1).book("fickle", id, [second], headers);
  assert.deepEqual([other.status, other.error?.code], [422, "IDEMPOTENCY_KEY_REUSED"]);
  assert.equal((await shopOf(0).book("patient", id, [second])).status, 201);
});

test("a refused request leaves its key free for another try", async () => {
  const { id, seatIds } = await shopOf(0).putOnSale(1);
  const headers = { "idempotency-key": "k-3" };
  const held = await shopOf(0).hold("first", id, seatIds);
  assert.equal((await shopOf(1).book("second", id, seatIds, headers)).status, 409);
  const cancelled = await shopOf(0).cancel("first", held.id);
  // The seat is free unless the payment was faster, and then nothing frees it.
  if (cancelled.status === 200) assert.equal((await shopOf(1).book("second", id, seatIds, headers)).status, 201);
  else assert.equal(cancelled.error?.code, "BOOKING_NOT_CANCELLABLE");
});

test("all winners of a stampede end with a ticket, and the sums agree", async () => {
  const { id, seatIds } = await shopOf(0).putOnSale(40);
  const won = await Promise.all(seatIds.map((seatId, n) => shopOf(n).hold(`winner-${n}`, id, [seatId])));
  const ended = await Promise.all(won.map((booking, n) => shopOf(n + 1).untilEnded(`winner-${n}`, booking.id)));
  assert(ended.every((booking) => booking.status === "CONFIRMED"));
  assert.equal(new Set(ended.map((booking) => booking.ticketReference)).size, 40);
  assert((await shopOf(0).statuses(id)).every((status) => status === "BOOKED" || status === "HELD"));
});
