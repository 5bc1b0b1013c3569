import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { StuckError } from "#mixins/apply-batch.ts";
import { appendFacts } from "#mixins/outbox.repository.ts";
import { transaction } from "#mixins/transaction.ts";
import { applyTransitions, type Outcome } from "../../services/booking/booking.changes.ts";
import { lockBookings } from "../../services/booking/booking.repository.ts";
import { lockSeatsOf, saveChanges } from "../../services/booking/booking-change.repository.ts";
import { sweepDue } from "../../services/booking/booking-sweep.ts";
import type { Command } from "../../services/booking/change.plan.ts";
import { drawTicketReference } from "../../services/booking/ticket-reference.ts";
import {
  bookingRow,
  consume,
  failed,
  type Held,
  hold,
  holdEach,
  ownBoxOffice,
  paymentOf,
  publishedFacts,
  putOnSale,
  seatStates,
  topicsOf,
} from "./support/box-office.ts";

const pool = await ownBoxOffice();

const apply = (commands: readonly Command[], draw?: () => string): Promise<Outcome> =>
  transaction(pool, async (tx) => {
    const outcome = await applyTransitions(tx, commands, draw);
    await appendFacts(tx, outcome.publish);
    return outcome;
  });
const idsOf = ({ bookingId, eventId }: Held) => ({ bookingId, eventId, cause: {} });
const pay = (held: Held): Command => ({ ...idsOf(held), on: "payment.success", payment: paymentOf(held) });
const fail = (held: Held): Command => ({ ...idsOf(held), on: "payment.failed" });
const runOut = { expiresIn: "-1 second" };

const shuffled = <T>(items: readonly T[], seed: number): T[] => {
  const result = [...items];
  let state = seed;
  for (let n = result.length - 1; n > 0; n--) {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    const other = state % (n + 1);
    [result[n], result[other]] = [result[other] as T, result[n] as T];
  }
  return result;
};

test("a ticket reference that the event has given out is drawn again", async () => {
  const { eventId, seatIds } = await putOnSale(pool, 2);
  const [one, two] = await holdEach(
    pool,
    eventId,
    seatIds.map((id) => [id]),
  );
  await apply([pay(one as Held)], () => "AAAA-AAAA-AAAA");
  const draws = ["AAAA-AAAA-AAAA", "AAAA-AAAA-AAAA", "BBBB-BBBB-BBBB"];
  await apply([pay(two as Held)], () => draws.shift() as string);
  assert.equal((await bookingRow(pool, two as Held)).ticket_reference, "BBBB-BBBB-BBBB");
});

test("a batch gives no reference twice within an event, but may across events", async () => {
  const [here, there] = [await putOnSale(pool, 2), await putOnSale(pool, 1)];
  const held = [
    await hold(pool, here.eventId, here.seatIds.slice(0, 1)),
    await hold(pool, here.eventId, here.seatIds.slice(1)),
    await hold(pool, there.eventId, there.seatIds),
  ];
  const draws = ["AAAA-AAAA-AAAA", "AAAA-AAAA-AAAA", "AAAA-AAAA-AAAA", "BBBB-BBBB-BBBB"];
  await apply(held.map(pay), () => draws.shift() as string);
  const references = await Promise.all(held.map(async (h) => (await bookingRow(pool, h)).ticket_reference));
  assert.deepEqual(references, ["AAAA-AAAA-AAAA", "BBBB-BBBB-BBBB", "AAAA-AAAA-AAAA"]);
});

test("a source of references that only repeats itself confirms nothing, and the batch may be run again", async () => {
  const { eventId, seatIds } = await putOnSale(pool, 2);
  const held = await holdEach(
    pool,
    eventId,
    seatIds.map((id) => [id]),
  );
  await assert.rejects(
    apply(held.map(pay), () => "AAAA-AAAA-AAAA"),
    { type: "SERVICE_UNAVAILABLE", retryable: true },
  );
  assert.deepEqual(await seatStates(pool, eventId), ["HELD 1", "HELD 1"]);
  await apply(held.map(pay));
});

test("drawn references are of Crockford's base32 and differ", () => {
  const drawn = Array.from({ length: 1_000 }, drawTicketReference);
  for (const reference of drawn) assert.match(reference, /^([0-9A-HJKMNP-TV-Z]{4}-){2}[0-9A-HJKMNP-TV-Z]{4}$/);
  assert.equal(new Set(drawn).size, drawn.length);
});

test("of two late payments for one seat in a batch the first takes it back, the second is to be refunded", async () => {
  const { eventId, seatIds } = await putOnSale(pool, 2);
  const one = await hold(pool, eventId, seatIds.slice(0, 1), runOut);
  await sweepDue(pool, { limit: 10 });
  const two = await hold(pool, eventId, seatIds, runOut);
  await sweepDue(pool, { limit: 10 });
  const { changes } = await apply([pay(two), pay(one)]);
  assert.deepEqual(
    changes.map(({ transition }) => transition?.refundReason ?? transition?.publishes),
    ["booking.confirmed", "SEATS_GONE"],
  );
  assert.deepEqual(await seatStates(pool, eventId), ["BOOKED 5", "BOOKED 3"]);
});

test("a seat that one booking gives back and another takes back in one batch is told as it is in the end", async () => {
  const { eventId, seatIds } = await putOnSale(pool, 1);
  const old = await hold(pool, eventId, seatIds, runOut);
  await sweepDue(pool, { limit: 10 });
  const young = await hold(pool, eventId, seatIds);
  const { publish, released } = await apply([fail(young), pay(old)]);
  assert.deepEqual(await seatStates(pool, eventId), ["BOOKED 5"]);
  assert.deepEqual(
    publish.map((fact) => fact.type),
    ["booking.cancelled", "booking.confirmed", "seat.changed"],
  );
  assert.deepEqual(publish.at(-1)?.data, {
    changes: [{ seatIndex: 0, seatId: seatIds[0], status: "BOOKED", version: 5 }],
  });
  assert.deepEqual(released, []);
});

test("commands for bookings that do not exist are named, and the others are applied", async () => {
  const { eventId, seatIds } = await putOnSale(pool, 1);
  const held = await hold(pool, eventId, seatIds);
  const nobody = fail({ ...held, bookingId: randomUUID() });
  const elsewhere = fail({ ...held, eventId: randomUUID() });
  const { unknown, changes } = await apply([nobody, elsewhere, fail(held)]);
  assert.deepEqual(unknown, [nobody, elsewhere]);
  assert.equal(changes.length, 1);
});

test("the seats of many bookings are told in facts of at most 500, an event each", async () => {
  const [big, small] = [await putOnSale(pool, 600), await putOnSale(pool, 10)];
  const groups = Array.from({ length: 60 }, (_, n) => big.seatIds.slice(n * 10, n * 10 + 10));
  const held = [
    ...(await holdEach(pool, big.eventId, groups)),
    ...(await holdEach(pool, small.eventId, [small.seatIds])),
  ];
  const { publish, released } = await apply(held.map(fail));
  const told = publish.flatMap((fact) =>
    fact.type === "seat.changed" ? [[fact.subject, fact.data.changes.length]] : [],
  );
  assert.deepEqual(told, [
    [big.eventId, 500],
    [big.eventId, 100],
    [small.eventId, 10],
  ]);
  assert.deepEqual(
    released.map(({ eventId, seats }) => [eventId, seats.length]),
    [
      [big.eventId, 600],
      [small.eventId, 10],
    ],
  );
});

test("seats that are not the booking's own stop the batch: nothing is changed, nothing buried", async () => {
  const { eventId, seatIds } = await putOnSale(pool, 1);
  const held = await hold(pool, eventId, seatIds);
  await pool.query("update seat_inventory set status = 'BLOCKED', booking_id = null, held_until = null");
  await assert.rejects(consume(pool, failed(held)), (error: unknown) => {
    assert.ok(error instanceof StuckError);
    return /not all of its seats are its own/.test(error.message);
  });
  assert.equal((await bookingRow(pool, held)).status, "PENDING");
  assert.deepEqual(await publishedFacts(pool), []);
  await pool.query(
    "update seat_inventory s set status = 'HELD', booking_id = b.id, held_until = b.expires_at from bookings b",
  );
});

const STALE: [string, string][] = [
  ["booking's version", "update bookings set version = version + 1"],
  ["booking's status", "update bookings set status = 'CANCELLED', reason = 'BY_USER'"],
  ["seat's version", "update seat_inventory set version = version + 1"],
  ["item", "update booking_items set released_at = now()"],
];
for (const [what, change] of STALE) {
  test(`rows are replaced only as they were read: another ${what} refuses the write`, async () => {
    const { eventId, seatIds } = await putOnSale(pool, 1);
    const held = await hold(pool, eventId, seatIds);
    const write = transaction(pool, async (tx) => {
      const bookings = await lockBookings(tx, [held]);
      const seats = [...(await lockSeatsOf(tx, bookings)).values()];
      await tx.query(change);
      await saveChanges(tx, {
        bookings: bookings.map((before) => ({ before, after: { ...before, version: before.version + 1 } })),
        released: bookings,
        retaken: [],
        seats: seats.map((before) => ({ before, after: { ...before, version: before.version + 1 } })),
      });
    });
    await assert.rejects(write, { name: "RowsChangedError" });
    assert.equal((await bookingRow(pool, held)).version, 1);
  });
}

test("batches that name the same bookings in crossing orders never deadlock, and each booking ends once", async () => {
  const held: Held[] = [];
  for (let n = 0; n < 4; n++) {
    const { eventId, seatIds } = await putOnSale(pool, 20);
    const groups = Array.from({ length: 10 }, (_, i) => seatIds.slice(i * 2, i * 2 + 2));
    held.push(...(await holdEach(pool, eventId, groups)));
  }
  for (let round = 0; round < 3; round++) {
    const batches = Array.from({ length: 8 }, (_, n) => shuffled(held, 8 * round + n + 1).map(n % 2 ? fail : pay));
    // Waiting in a circle would end in lock_timeout or as a deadlock: either rejects.
    await Promise.all(batches.map((commands) => apply(commands)));
  }
  const ends = topicsOf(await publishedFacts(pool)).filter((t) =>
    ["booking.confirmed", "booking.cancelled"].includes(t),
  );
  assert.equal(ends.length, held.length);
});
