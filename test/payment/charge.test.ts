import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { findByBooking } from "../../services/payment/payment.repository.ts";
import { eventually } from "../facts/fixture.ts";
import { aBooking, announcedOn, created, expired, firstOn, openPayment, type Payment } from "./fixture.ts";

let payment: Payment;
afterEach(() => payment.close());

const stateOf = async (p: Payment) =>
  (await p.rows("select state from attempts order by number")).map((row) => row.state);
const ledger = (p: Payment) =>
  p.rows("select key, kind, state, amount_minor::int from mock_ledger order by created_at");

test("a booking that is created is paid: one capture, announced with the cause of it all", async () => {
  payment = await openPayment();
  payment.start();
  const booking = aBooking();
  const fact = created(booking);
  await payment.deliver("created", fact);
  const success = await firstOn(payment, "payment.success");
  const [capture] = await payment.rows("select * from captures");
  assert.deepEqual(success?.data, {
    paymentId: capture.payment_id,
    bookingId: booking.bookingId,
    eventId: booking.eventId,
    captureId: capture.id,
    amountMinor: 4_200,
    currency: "EUR",
  });
  assert.equal(success?.correlationid, fact.correlationid);
  assert.equal(success?.causationid, fact.id);
  assert.equal(success?.subject, booking.bookingId);
  assert.deepEqual(await ledger(payment), [
    { key: `${capture.payment_id}:1`, kind: "CHARGE", state: "TAKEN", amount_minor: 4_200 },
  ]);
  const seen = await findByBooking(payment.pool, booking.bookingId, "alice");
  assert.deepEqual([seen?.status, seen?.captures[0]?.status, seen?.amountMinor], ["SUCCEEDED", "CAPTURED", 4_200]);
  assert.equal(await findByBooking(payment.pool, booking.bookingId, "mallory"), undefined);
});

test("a card that is declined ends in payment.failed with the provider's reason", async () => {
  payment = await openPayment({ successRate: 0 });
  payment.start();
  const booking = aBooking();
  await payment.deliver("created", created(booking));
  const failed = await firstOn(payment, "payment.failed");
  assert.equal(failed?.data.reason, "CARD_DECLINED");
  assert.deepEqual(await payment.rows("select * from captures"), []);
  assert.deepEqual(await stateOf(payment), ["DECLINED"]);
});

test("three hundred buyers are paid together, not one after another", async () => {
  payment = await openPayment({ delayMs: 500 });
  payment.start();
  const since = Date.now();
  await payment.deliver("created", ...Array.from({ length: 300 }, () => created(aBooking())));
  await eventually(async () => (await payment.rows("select from captures")).length === 300);
  assert.ok(Date.now() - since < 10_000);
  assert.equal((await announcedOn(payment, "payment.success")).length, 300);
});

test("no attempt starts in the last tenth of the hold", async () => {
  payment = await openPayment();
  await payment.deliver("created", created(aBooking(), { holdSeconds: 100, leftMs: 9_000 }));
  await payment.deliver("created", created(aBooking(), { holdSeconds: 100, leftMs: 12_000 }));
  payment.start();
  await eventually(async () => (await payment.announced()).length === 2);
  assert.deepEqual(
    (await announcedOn(payment, "payment.failed")).map((fact) => fact.data.reason),
    ["TOO_LATE"],
  );
  assert.equal((await announcedOn(payment, "payment.success")).length, 1);
  assert.equal((await ledger(payment)).length, 1);
});

test("no attempt starts in the last thirty seconds of a long hold", async () => {
  payment = await openPayment();
  await payment.deliver("created", created(aBooking(), { holdSeconds: 3_600, leftMs: 29_000 }));
  await payment.deliver("created", created(aBooking(), { holdSeconds: 3_600, leftMs: 35_000 }));
  payment.start();
  await eventually(async () => (await payment.announced()).length === 2);
  assert.equal((await announcedOn(payment, "payment.failed")).length, 1);
  assert.equal((await ledger(payment)).length, 1);
});

test("a payment that the provider never answers ends when its booking expires, and nothing is taken", async () => {
  payment = await openPayment({ neverRate: 1 });
  payment.start();
  const booking = aBooking();
  await payment.deliver("created", created(booking));
  await eventually(async () => (await ledger(payment)).length === 1);
  assert.deepEqual(await stateOf(payment), ["CHARGING"]);
  await payment.deliver("ended", expired(booking));
  await eventually(async () => (await stateOf(payment))[0] === "STOPPED");
  assert.equal((await ledger(payment))[0]?.state, "STOPPED");
  assert.equal((await findByBooking(payment.pool, booking.bookingId, "alice"))?.status, "VOIDED");
  assert.deepEqual(await payment.announced(), []);
});
