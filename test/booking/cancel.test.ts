import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { errorCodeOf } from "#contracts/errors.ts";
import { appendFacts } from "#mixins/outbox.repository.ts";
import { applyTransitions } from "../../services/booking/booking.changes.ts";
import { findById } from "../../services/booking/booking.repository.ts";
import { cancelBooking } from "../../services/booking/booking-cancel.ts";
import { expireBookings } from "../../services/booking/booking-sweep.ts";
import {
  bookingRow,
  consume,
  failed,
  type Held,
  hold,
  ownBoxOffice,
  paid,
  paymentOf,
  publishedFacts,
  putOnSale,
  seatStates,
  stranger,
  topicsOf,
  untilWaiting,
} from "./support/box-office.ts";

const pool = await ownBoxOffice(16);

async function held(seats = 1, wish = {}): Promise<Held> {
  const { eventId, seatIds } = await putOnSale(pool, seats);
  return hold(pool, eventId, seatIds, wish);
}

for (const [what, wish] of [
  ["pending", {}],
  ["run out but not swept", { expiresIn: "-1 second" }],
] as const) {
  test(`a buyer cancels a booking that is ${what}, and its seats are on sale again`, async () => {
    const mine = await held(2, wish);
    const { booking, released } = await cancelBooking(pool, mine);
    assert.deepEqual([booking.status, booking.reason], ["CANCELLED", "BY_USER"]);
    assert.deepEqual(booking, await findById(pool, mine.bookingId, mine.userId));
    assert.deepEqual(await seatStates(pool, mine.eventId), ["AVAILABLE 2", "AVAILABLE 2"]);
    assert.deepEqual(released, [
      { eventId: mine.eventId, seats: mine.seatIds.map((seatId) => ({ seatId, version: 2 })) },
    ]);
    const [fact] = await publishedFacts(pool, mine);
    assert.equal(fact?.type, "booking.cancelled");
    assert.equal(fact?.correlationid, mine.correlationId);
  });
}

test("cancelling again answers the same and changes nothing", async () => {
  const mine = await held();
  const first = await cancelBooking(pool, mine);
  const again = await cancelBooking(pool, mine);
  assert.deepEqual(again, { booking: first.booking, released: [] });
  assert.equal((await bookingRow(pool, mine)).version, 2);
});

test("ten cancellations at once cancel once and all answer the same", async () => {
  const mine = await held();
  const answers = await Promise.all(Array.from({ length: 10 }, () => cancelBooking(pool, mine)));
  for (const { booking } of answers) assert.deepEqual(booking, answers[0]?.booking);
  assert.equal(answers.filter(({ released }) => released.length > 0).length, 1);
  assert.deepEqual(topicsOf(await publishedFacts(pool, mine)), ["booking.cancelled"]);
});

test("another's booking is refused like one that does not exist", async () => {
  const mine = await held();
  const refusals = await Promise.all(
    [
      { bookingId: mine.bookingId, userId: "mallory" },
      { bookingId: randomUUID(), userId: "alice" },
    ].map((wish) => cancelBooking(pool, wish).catch((error) => ({ type: error.type, data: error.data }))),
  );
  assert.deepEqual(refusals[0], { type: "BOOKING_NOT_FOUND", data: undefined });
  assert.deepEqual(refusals[1], refusals[0]);
  assert.equal((await bookingRow(pool, mine)).status, "PENDING");
});

const ENDED: [string, string, (mine: Held) => Promise<unknown>][] = [
  ["paid", "CONFIRMED", (mine) => consume(pool, paid(mine))],
  ["not paid", "CANCELLED", (mine) => consume(pool, failed(mine))],
  ["expired", "CANCELLED", (mine) => expireBookings(pool, [mine.bookingId])],
];
for (const [what, status, end] of ENDED) {
  test(`a booking that was ${what} cannot be cancelled, and the answer names its status`, async () => {
    const mine = await held(1, { expiresIn: "-1 second" });
    await end(mine);
    await assert.rejects(cancelBooking(pool, mine), { type: "BOOKING_NOT_CANCELLABLE", data: { status } });
    assert.equal((await bookingRow(pool, mine)).version, 2);
  });
}

test("a booking that is confirmed while its cancellation waits for it is not cancelled", async (t) => {
  const mine = await held();
  const { bookingId, eventId } = mine;
  const other = await stranger(t, pool);
  await other.query("begin");
  const pay = { bookingId, eventId, cause: {}, on: "payment.success", payment: paymentOf(mine) } as const;
  const { publish } = await applyTransitions(other as never, [pay]);
  await appendFacts(other as never, publish);
  const cancelling = assert.rejects(cancelBooking(pool, mine), {
    type: "BOOKING_NOT_CANCELLABLE",
    data: { status: "CONFIRMED" },
  });
  await untilWaiting(pool, 1);
  await other.query("commit");
  await cancelling;
  assert.deepEqual(await seatStates(pool, eventId), ["BOOKED 2"]);
});

test("a booking that stays locked is answered as unavailable, not as broken", async (t) => {
  const mine = await held();
  const other = await stranger(t, pool);
  await other.query("begin");
  await other.query("select from bookings where id = $1 for update", [mine.bookingId]);
  await assert.rejects(cancelBooking(pool, mine), { type: "SERVICE_UNAVAILABLE" });
  await other.query("rollback");
  assert.equal((await cancelBooking(pool, mine)).booking.status, "CANCELLED");
});

test("of cancel, confirm and expire racing for a booking exactly one ends the hold, and the money is used or given back", async () => {
  const firsts = new Set<string>();
  for (let wave = 0; wave < 12; wave++) {
    const bookings = await Promise.all(Array.from({ length: 5 }, () => held(2, { expiresIn: "-1 second" })));
    const answers = await Promise.all(bookings.map((mine, n) => race(mine, wave + n)));
    for (const [n, mine] of bookings.entries()) {
      const [first, ...rest] = topicsOf(await publishedFacts(pool, mine));
      firsts.add(first as string);
      assert.deepEqual(rest, AFTER_MONEY[first as keyof typeof AFTER_MONEY], `after ${first}`);
      assert.equal(answers[n], first === "booking.cancelled" ? "CANCELLED" : "BOOKING_NOT_CANCELLABLE");
    }
  }
  assert.equal(firsts.size, 3, "each of the three won at least once, or it was no race");
});

/** What follows the first end of a hold, by that: money that comes after an expiry takes the free seats back. */
const AFTER_MONEY = {
  "booking.confirmed": [],
  "booking.cancelled": ["booking.refund_due"],
  "booking.expired": ["booking.confirmed"],
};

/** Lets the three go at once, in turn another first; returns what the buyer was told. */
async function race(mine: Held, turn: number): Promise<string> {
  let answer = "";
  const racers = [
    () => consume(pool, paid(mine)),
    () => expireBookings(pool, [mine.bookingId]),
    () =>
      cancelBooking(pool, mine).then(
        ({ booking }) => {
          answer = booking.status;
        },
        (error) => {
          answer = errorCodeOf(error);
        },
      ),
  ];
  await Promise.all([...racers.slice(turn % 3), ...racers.slice(0, turn % 3)].map((start) => start()));
  return answer;
}
