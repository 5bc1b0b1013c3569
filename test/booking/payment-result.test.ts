import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import type { Fact } from "#contracts/events.ts";
import { cancelBooking } from "../../services/booking/booking-cancel.ts";
import { sweepDue } from "../../services/booking/booking-sweep.ts";
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
  topicsOf,
} from "./support/box-office.ts";

const pool = await ownBoxOffice();

const soldOut = { expiresIn: "-1 second" };
const dataOf = (facts: Fact[], type: Fact["type"]) => facts.find((fact) => fact.type === type)?.data as object;

/** A booking that ran out and was swept. */
async function expired(seats = 2): Promise<Held> {
  const { eventId, seatIds } = await putOnSale(pool, seats);
  const held = await hold(pool, eventId, seatIds, soldOut);
  assert.equal((await sweepDue(pool, { limit: 10 })).expired, 1);
  return held;
}

async function refunded(held: Held, capture: ReturnType<typeof paymentOf>, reason: string, version: number) {
  const due = (await publishedFacts(pool, held)).filter((fact) => fact.type === "booking.refund_due").at(-1);
  assert.deepEqual(due?.data, {
    bookingId: held.bookingId,
    bookingVersion: version,
    eventId: held.eventId,
    userId: held.userId,
    ...capture,
    reason,
  });
  assert.equal((await bookingRow(pool, held)).version, version);
}

test("money confirms a booking, books its seats and gives it a ticket reference", async () => {
  const { eventId, seatIds } = await putOnSale(pool, 3);
  const held = await hold(pool, eventId, seatIds.slice(0, 2));
  const { expires_at } = await bookingRow(pool, held);
  const payment = paymentOf(held);
  const success = paid(held, payment);
  const { released } = await consume(pool, success);

  const row = await bookingRow(pool, held);
  assert.equal(row.status, "CONFIRMED");
  assert.equal(row.version, 2);
  assert.equal(row.capture_id, payment.captureId);
  assert.deepEqual(row.expires_at, expires_at);
  assert.match(row.ticket_reference, /^[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}$/);
  assert.deepEqual(await seatStates(pool, eventId), ["BOOKED 2", "BOOKED 2", "AVAILABLE 0"]);
  assert.deepEqual(released, []);

  const [confirmed, changed] = await publishedFacts(pool);
  assert.equal(confirmed?.correlationid, held.correlationId, "the correlation id is the booking's own");
  assert.equal(confirmed?.causationid, success.id);
  assert.deepEqual(confirmed?.data, {
    bookingId: held.bookingId,
    bookingVersion: 2,
    eventId,
    userId: "alice",
    ticketReference: row.ticket_reference,
    captureId: payment.captureId,
  });
  assert.equal(changed?.subject, eventId);
  assert.equal(changed?.correlationid, undefined);
  assert.deepEqual(changed?.data, {
    changes: [0, 1].map((n) => ({ seatIndex: n, seatId: seatIds[n], status: "BOOKED", version: 2 })),
  });
});

test("a failed payment cancels a booking, and actors are told which seats came free", async () => {
  const { eventId, seatIds } = await putOnSale(pool, 2);
  const held = await hold(pool, eventId, seatIds);
  const { released } = await consume(pool, failed(held));
  const { status, reason } = await bookingRow(pool, held);
  assert.deepEqual([status, reason], ["CANCELLED", "PAYMENT_FAILED"]);
  assert.deepEqual(await seatStates(pool, eventId), ["AVAILABLE 2", "AVAILABLE 2"]);
  assert.deepEqual(released, [{ eventId, seats: seatIds.map((seatId) => ({ seatId, version: 2 })) }]);
  const facts = await publishedFacts(pool, held);
  assert.deepEqual(topicsOf(facts), ["booking.cancelled"]);
  assert.equal((dataOf(facts, "booking.cancelled") as { reason: string }).reason, "PAYMENT_FAILED");
});

test("the same capture again changes and publishes nothing, under its own fact id or another", async () => {
  const { eventId, seatIds } = await putOnSale(pool, 1);
  const held = await hold(pool, eventId, seatIds);
  const payment = paymentOf(held);
  const success = paid(held, payment);
  await consume(pool, success, success, paid(held, payment));
  await consume(pool, success);
  await consume(pool, paid(held, payment));
  assert.deepEqual(topicsOf(await publishedFacts(pool, held)), ["booking.confirmed"]);
  assert.equal((await bookingRow(pool, held)).version, 2);
});

test("a second capture of a confirmed booking is to be refunded", async () => {
  const { eventId, seatIds } = await putOnSale(pool, 1);
  const held = await hold(pool, eventId, seatIds);
  const [first, second] = [paymentOf(held), paymentOf(held)];
  await consume(pool, paid(held, first), paid(held, second));
  await refunded(held, second, "ALREADY_PAID", 3);
  assert.equal((await bookingRow(pool, held)).capture_id, first.captureId);
});

for (const [what, over] of [
  ["amount", { amountMinor: 1 }],
  ["currency", { currency: "USD" }],
] as const) {
  test(`money of another ${what} is to be refunded, and the booking waits on for the right one`, async () => {
    const { eventId, seatIds } = await putOnSale(pool, 1);
    const held = await hold(pool, eventId, seatIds);
    const wrong = paymentOf(held, over);
    await consume(pool, paid(held, wrong));
    await refunded(held, wrong, "AMOUNT_MISMATCH", 2);
    assert.equal((await bookingRow(pool, held)).status, "PENDING");
    await consume(pool, paid(held));
    assert.equal((await bookingRow(pool, held)).status, "CONFIRMED");
    assert.equal((await bookingRow(pool, held)).version, 3);
  });
}

test("a booking that has run out but was not swept is confirmed", async () => {
  const { eventId, seatIds } = await putOnSale(pool, 1);
  const held = await hold(pool, eventId, seatIds, soldOut);
  await consume(pool, paid(held));
  assert.equal((await bookingRow(pool, held)).status, "CONFIRMED");
  assert.equal((await sweepDue(pool, { limit: 10 })).found, 0);
});

test("late money takes an expired booking's free seats back", async () => {
  const held = await expired();
  await consume(pool, paid(held));
  const row = await bookingRow(pool, held);
  assert.deepEqual([row.status, row.reason, row.version], ["CONFIRMED", null, 3]);
  assert.deepEqual(await seatStates(pool, held.eventId), ["BOOKED 3", "BOOKED 3"]);
  assert.deepEqual(topicsOf(await publishedFacts(pool, held)), ["booking.expired", "booking.confirmed"]);
});

test("late money twice confirms an expired booking once and is to be refunded once", async () => {
  const held = await expired();
  const second = paymentOf(held);
  await consume(pool, paid(held), paid(held, second));
  await refunded(held, second, "ALREADY_PAID", 4);
});

for (const [what, state] of [
  ["held by another", { expiresIn: "10 minutes" }],
  ["in another's hold that has run out", { expiresIn: "-1 second" }],
] as const) {
  test(`late money is to be refunded when one seat is ${what}`, async () => {
    const held = await expired();
    await hold(pool, held.eventId, [held.seatIds[1] as string], { userId: "bob", ...state });
    const late = paymentOf(held);
    await consume(pool, paid(held, late));
    await refunded(held, late, "SEATS_GONE", 3);
    assert.deepEqual(await seatStates(pool, held.eventId), ["AVAILABLE 2", "HELD 3"]);
  });
}

for (const [what, change] of [
  ["is over", "sale_until = clock_timestamp() - interval '1 second'"],
  ["has not begun", "sale_from = clock_timestamp() + interval '1 hour'"],
  ["is being loaded anew", "status = 'LOADING'"],
] as const) {
  test(`late money is to be refunded when the sale ${what}`, async () => {
    const held = await expired();
    await pool.query(`update event_inventory set ${change}`);
    const late = paymentOf(held);
    await consume(pool, paid(held, late));
    await refunded(held, late, "SEATS_GONE", 3);
  });
}

test("money for a booking that its buyer or its payment ended is to be refunded, its seats stay on sale", async () => {
  const { eventId, seatIds } = await putOnSale(pool, 2);
  const byUser = await hold(pool, eventId, seatIds.slice(0, 1));
  const byPayment = await hold(pool, eventId, seatIds.slice(1));
  await cancelBooking(pool, byUser);
  await consume(pool, failed(byPayment));
  for (const held of [byUser, byPayment]) {
    const late = paymentOf(held);
    await consume(pool, paid(held, late));
    await refunded(held, late, "BOOKING_CANCELLED", 3);
  }
  assert.deepEqual(await seatStates(pool, eventId), ["AVAILABLE 2", "AVAILABLE 2"]);
});

test("a failed payment of a booking that is no longer pending changes nothing", async () => {
  const { eventId, seatIds } = await putOnSale(pool, 2);
  const confirmed = await hold(pool, eventId, seatIds.slice(0, 1));
  const cancelled = await hold(pool, eventId, seatIds.slice(1));
  await cancelBooking(pool, cancelled);
  await consume(pool, paid(confirmed));
  const before = topicsOf(await publishedFacts(pool));
  await consume(pool, failed(confirmed), failed(cancelled));
  assert.deepEqual(topicsOf(await publishedFacts(pool)), before);
});

test("a payment of a booking that does not exist is a dead letter, and its neighbours are applied", async () => {
  const { eventId, seatIds } = await putOnSale(pool, 2);
  const [one, two] = [await hold(pool, eventId, seatIds.slice(0, 1)), await hold(pool, eventId, seatIds.slice(1))];
  const nobody: Held = { ...one, bookingId: randomUUID() };
  const elsewhere: Held = { ...one, eventId: randomUUID() };
  const { applied, refused, released } = await consume(pool, failed(nobody), failed(elsewhere), failed(one), paid(two));
  assert.equal(applied.length, 2);
  assert.deepEqual(
    refused.map(({ reason }) => reason),
    [`no booking ${nobody.bookingId} of event ${eventId}`, `no booking ${one.bookingId} of event ${elsewhere.eventId}`],
  );
  assert.equal(released.length, 1);
});

test("a batch that is rolled back and applied in parts tells what came free once", async () => {
  const { eventId, seatIds } = await putOnSale(pool, 4);
  const bookings = await Promise.all(seatIds.map((seatId) => hold(pool, eventId, [seatId])));
  await pool.query(`
    create function refuse() returns trigger language plpgsql as $$
      begin raise exception 'not this one' using errcode = '23514'; end $$`);
  // At the commit: by then the batch has been applied, and only its parts will be.
  await pool.query(`create constraint trigger refuse after update on bookings
    deferrable initially deferred for each row when (old.id = '${bookings[1]?.bookingId}') execute function refuse()`);
  try {
    const { refused, released } = await consume(pool, ...bookings.map(failed));
    assert.equal(refused.length, 1);
    const free = released.flatMap(({ seats }) => seats.map(({ seatId }) => seatId));
    assert.deepEqual(
      free.sort(),
      seatIds.filter((_, n) => n !== 1),
    );
  } finally {
    await pool.query("drop trigger refuse on bookings");
    await pool.query("drop function refuse");
  }
});
