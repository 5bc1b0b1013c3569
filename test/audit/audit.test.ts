import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { afterEach, before, beforeEach, describe, test } from "node:test";
import type { InvariantId } from "../../cli/audit/finding.ts";
import { asText, exitCodeOf } from "../../cli/audit/report.ts";
import { catchUp, giveBack, makeWorld, type Told, type World } from "./support/world.ts";

let world: World;
before(catchUp);
beforeEach(async () => {
  world = await makeWorld();
});
afterEach(() => world.close());

/** What is broken by hand, which invariant that breaks, and how the audit names it. */
const broken: [string, InvariantId, RegExp, (told: Told) => Promise<unknown>][] = [
  [
    "a seat in two active bookings",
    "I1",
    /is in 2 active bookings/,
    async ({ eventId, seatIds: [seatId] }) => {
      const other = await world.confirmed();
      await world.booking.query("drop index booking_items_one_active");
      await world.booking.query("update bookings set event_id = $1 where id = $2", [eventId, other.bookingId]);
      await world.booking.query(
        "update seat_inventory set event_id = $1, seat_index = seat_index + 9 where booking_id = $2",
        [eventId, other.bookingId],
      );
      await world.booking.query("update booking_items set event_id = $1 where booking_id = $2", [
        eventId,
        other.bookingId,
      ]);
      await world.booking.query("insert into booking_items values ($1, $2, $3, 2500)", [
        eventId,
        other.bookingId,
        seatId,
      ]);
    },
  ],
  [
    "a booked seat without a booking's item",
    "I12",
    /BOOKED by .* its active item missing/,
    ({ seatIds }) =>
      world.booking.query("update booking_items set released_at = now() where seat_id = $1", [seatIds[0]]),
  ],
  [
    "an active item whose seat is for sale",
    "I12",
    /AVAILABLE, its active item CONFIRMED/,
    ({ seatIds }) =>
      world.booking.query("update seat_inventory set status = 'AVAILABLE', booking_id = null where seat_id = $1", [
        seatIds[0],
      ]),
  ],
  [
    "a seat of another booking than its item",
    "I12",
    /BOOKED by/,
    ({ seatIds }) =>
      world.booking.query("update seat_inventory set booking_id = $2 where seat_id = $1", [seatIds[0], randomUUID()]),
  ],
  [
    "a confirmed booking's seat that is only held",
    "I12",
    /HELD by/,
    ({ seatIds }) => world.booking.query("update seat_inventory set status = 'HELD' where seat_id = $1", [seatIds[0]]),
  ],
  [
    "an item whose seat is missing",
    "I12",
    /is missing, its active item/,
    ({ seatIds }) => world.booking.query("delete from seat_inventory where seat_id = $1", [seatIds[0]]),
  ],
  [
    "a held seat that is held longer than its booking",
    "I12",
    /until/,
    async ({ bookingId }) => {
      await world.booking.query(
        "update bookings set status = 'PENDING', capture_id = null, ticket_reference = null where id = $1",
        [bookingId],
      );
      await world.booking.query("update seat_inventory set status = 'HELD', held_until = now() where booking_id = $1", [
        bookingId,
      ]);
    },
  ],
  [
    "a confirmed booking without a seat",
    "I12",
    /CONFIRMED with 0 of its 2 seats/,
    async ({ bookingId }) => {
      await world.booking.query("update booking_items set released_at = now() where booking_id = $1", [bookingId]);
      await world.booking.query(
        "update seat_inventory set status = 'AVAILABLE', booking_id = null where booking_id = $1",
        [bookingId],
      );
    },
  ],
  [
    "a booking confirmed by a capture that is not there",
    "I3",
    /which does not exist/,
    ({ bookingId }) =>
      world.booking.query("update bookings set capture_id = $2 where id = $1", [bookingId, randomUUID()]),
  ],
  [
    "a booking confirmed by another booking's capture",
    "I3",
    /is CONFIRMED by capture .* of booking/,
    async ({ bookingId }) => {
      const { captureId } = await world.confirmed();
      await world.booking.query("update bookings set capture_id = $2 where id = $1", [bookingId, captureId]);
    },
  ],
  [
    "a booking that was paid too little",
    "I3",
    /is of 1 EUR, its confirmed booking of 5000 EUR/,
    ({ captureId }) => world.payment.query("update captures set amount_minor = 1 where id = $1", [captureId]),
  ],
  [
    "a booking that was paid in another currency",
    "I3",
    /is of 5000 JPY/,
    ({ captureId }) => world.payment.query("update captures set currency = 'JPY' where id = $1", [captureId]),
  ],
  [
    "a paid booking that is not confirmed",
    "I3",
    /was taken, but its booking is not confirmed/,
    async ({ bookingId }) => {
      await world.booking.query(
        "update bookings set status = 'PENDING', capture_id = null, ticket_reference = null where id = $1",
        [bookingId],
      );
      await world.booking.query(
        "update seat_inventory s set status = 'HELD', held_until = b.expires_at from bookings b where s.booking_id = b.id",
      );
    },
  ],
  [
    "money for a booking that does not exist",
    "I3",
    /is for a booking that does not exist/,
    async ({ bookingId }) => {
      for (const [table, column] of [
        ["booking_items", "booking_id"],
        ["seat_inventory", "booking_id"],
        ["bookings", "id"],
      ]) {
        await world.booking.query(`delete from ${table} where ${column} = $1`, [bookingId]);
      }
    },
  ],
  [
    "a booking that is not confirmed and has a capture applied",
    "I3",
    /is CANCELLED, but has capture/,
    async () => {
      const { bookingId, captureId } = await world.refunded();
      await world.booking.query("update bookings set capture_id = $2 where id = $1", [bookingId, captureId]);
    },
  ],
  [
    "money of a dead booking that nobody gives back",
    "I4",
    /was not given back, though its booking is CANCELLED \(BY_USER\)/,
    async () => {
      const { captureId, providerRef } = await world.refunded();
      await world.payment.query("delete from mock_ledger where refund_of = $1", [providerRef]);
      await world.payment.query("update captures set status = 'CAPTURED' where id = $1", [captureId]);
    },
  ],
  [
    "a second payment that nobody gives back",
    "I4",
    /confirmed by another capture/,
    async ({ captureId, paymentId }) => {
      await world.payment.query(
        `insert into mock_ledger select $2, kind, state, planned, ready_at, amount_minor, currency, 'mock_2' from mock_ledger where key = $1`,
        [`${paymentId}:1`, `${paymentId}:2`],
      );
      await world.payment.query(
        `insert into captures (id, payment_id, booking_id, event_id, provider, provider_ref, amount_minor, currency)
         select $2, payment_id, booking_id, event_id, provider, 'mock_2', amount_minor, currency from captures where id = $1`,
        [captureId, randomUUID()],
      );
    },
  ],
  [
    "money given back twice",
    "I4",
    /was given back 2 times/,
    async () => {
      const told = await world.refunded();
      await world.payment.query("alter table mock_ledger drop constraint mock_ledger_refund_of_key");
      await giveBack(world.payment, told);
    },
  ],
  [
    "less money given back than was taken",
    "I4",
    /but 1 EUR were given back/,
    async () => {
      const { providerRef } = await world.refunded();
      await world.payment.query("update mock_ledger set amount_minor = 1 where refund_of = $1", [providerRef]);
    },
  ],
  [
    "money that is only said to be given back",
    "I4",
    /REFUNDED, but the provider gave nothing back/,
    async () => {
      const { providerRef } = await world.refunded();
      await world.payment.query("delete from mock_ledger where refund_of = $1", [providerRef]);
    },
  ],
  [
    "money of a confirmed booking given back",
    "I4",
    /was given back although its booking is confirmed/,
    (told) => giveBack(world.payment, told),
  ],
  [
    "a capture without a charge",
    "I4",
    /the provider's charge is missing/,
    ({ providerRef }) => world.payment.query("delete from mock_ledger where provider_ref = $1", [providerRef]),
  ],
  [
    "a charge that payment does not know",
    "I4",
    /taken by the provider, and payment does not know/,
    async () => {
      const { captureId } = await world.refunded();
      await world.payment.query("delete from captures where id = $1", [captureId]);
    },
  ],
];

test("a clean system passes, and the audit says how much it has looked at", async () => {
  await world.confirmed();
  await world.confirmed();
  await world.refunded();
  const report = await world.audit();
  assert.equal(exitCodeOf(report), 0, asText(report));
  const { I1, I3, I4, I12 } = report;
  assert.deepEqual(
    [I1, I3, I4, I12].map(({ checked }) => checked),
    [4, 2, 3, 6],
  );
  assert.equal(asText(report).match(/ {2}ok {2}/g)?.length, 6);
});

describe("the audit finds", () => {
  for (const [name, invariant, problem, breakIt] of broken) {
    test(`${invariant}: ${name}`, async () => {
      await world.confirmed();
      const told = await world.confirmed();
      await breakIt(told);
      const report = await world.audit();
      assert.equal(exitCodeOf(report), 1, asText(report));
      assert.ok(report[invariant].wrong > 0, asText(report));
      assert.match(report[invariant].violations.map((finding) => finding.problem).join("\n"), problem);
    });
  }
});
