import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { findByBooking } from "../../services/payment/payment.repository.ts";
import { eventually } from "../facts/fixture.ts";
import { aBooking, announcedOn, created, expired, firstOn, openPayment, type Payment } from "./fixture.ts";

let payment: Payment;
afterEach(() => payment.close());

const ledger = (p: Payment) => p.rows("select state from mock_ledger");
const statusOf = async (p: Payment) => (await p.rows("select status from payments"))[0]?.status;

test("a booking that ends before it is known starts no payment, though its owner may see that", async () => {
  payment = await openPayment();
  const booking = aBooking();
  await payment.deliver("ended", expired(booking));
  await payment.deliver("created", created(booking));
  assert.deepEqual(await payment.rows("select * from attempts"), []);
  const seen = await findByBooking(payment.pool, booking.bookingId, "alice");
  assert.deepEqual([seen?.status, seen?.reason, seen?.amountMinor], ["VOIDED", "EXPIRED", 4_200]);
  assert.deepEqual(await payment.announced(), []);
});

test("of a booking's creation and end at the same moment either is first, and never both start and void a payment", async () => {
  payment = await openPayment();
  const bookings = Array.from({ length: 40 }, () => aBooking());
  await Promise.all([
    payment.deliver("created", ...bookings.map((booking) => created(booking))),
    payment.deliver("ended", ...[...bookings].reverse().map(expired)),
  ]);
  assert.deepEqual(await payment.rows("select distinct status from payments"), [{ status: "VOIDED" }]);
  assert.deepEqual(await payment.rows("select from attempts where state not in ('VOIDED')"), []);
});

test("an attempt that nobody has claimed is void when its booking ends, and is never charged", async () => {
  payment = await openPayment();
  const booking = aBooking();
  await payment.deliver("created", created(booking));
  await payment.deliver("ended", expired(booking));
  payment.start();
  const other = aBooking();
  await payment.deliver("created", created(other));
  await eventually(async () => (await payment.announced()).length === 1);
  assert.equal((await announcedOn(payment, "payment.success"))[0]?.subject, other.bookingId);
  assert.equal((await ledger(payment)).length, 1);
});

test("an attempt that is being charged is stopped at the provider when its booking ends", async () => {
  payment = await openPayment({ delayMs: 60_000 });
  payment.start();
  const booking = aBooking();
  await payment.deliver("created", created(booking));
  await eventually(async () => (await ledger(payment)).length === 1);
  await payment.deliver("ended", expired(booking));
  await eventually(async () => (await statusOf(payment)) === "VOIDED");
  assert.deepEqual(await ledger(payment), [{ state: "STOPPED" }]);
  assert.deepEqual(await payment.announced(), []);
});

test("money that was taken before the provider could stop is announced, whatever has become of the booking", async () => {
  payment = await openPayment({}, (real) => ({
    ...real,
    // The charge is made but its answer is lost on the way.
    async charge(request, signal) {
      await real.charge(request, signal);
      return new Promise(() => {});
    },
  }));
  payment.start();
  const booking = aBooking();
  await payment.deliver("created", created(booking));
  await eventually(async () => (await ledger(payment))[0]?.state === "TAKEN");
  await payment.deliver("ended", expired(booking));
  const success = await firstOn(payment, "payment.success");
  assert.equal(success?.subject, booking.bookingId);
  assert.equal(await statusOf(payment), "SUCCEEDED");
  assert.equal((await payment.rows("select from captures")).length, 1);
});
