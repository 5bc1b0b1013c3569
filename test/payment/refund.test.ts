import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { afterEach, test } from "node:test";
import { eventually } from "../facts/fixture.ts";
import { aBooking, announcedOn, created, firstOn, openPayment, type Payment, refundDue } from "./fixture.ts";

let payment: Payment;
afterEach(() => payment.close());

const refunds = (p: Payment) => p.rows("select key, refund_of from mock_ledger where kind = 'REFUND'");

async function paid(p: Payment) {
  const booking = aBooking();
  await p.deliver("created", created(booking));
  const success = await firstOn(p, "payment.success");
  assert.ok(success);
  return { booking, success };
}

test("money goes back once, however often booking says that it is due", async () => {
  payment = await openPayment();
  payment.start();
  const { booking, success } = await paid(payment);
  const due = refundDue(booking, success);
  await payment.deliver("refundDue", due, due, refundDue(booking, success));
  const refunded = await firstOn(payment, "payment.refunded");
  await payment.deliver("refundDue", refundDue(booking, success));
  await payment.stop();
  assert.deepEqual(refunded?.data, { ...success.data });
  assert.equal(refunded?.causationid, due.id);
  assert.equal(refunded?.correlationid, due.correlationid);
  const [charge] = await payment.rows("select provider_ref from mock_ledger where kind = 'CHARGE'");
  assert.deepEqual(await refunds(payment), [
    { key: `${success.data.captureId}:refund`, refund_of: charge.provider_ref },
  ]);
  assert.equal((await announcedOn(payment, "payment.refunded")).length, 1);
  assert.deepEqual(await payment.rows("select status from captures"), [{ status: "REFUNDED" }]);
});

test("a refund is asked for until the provider has done it, under one key", async () => {
  const keys: string[] = [];
  payment = await openPayment({}, (real) => ({
    ...real,
    async refund(request, signal) {
      keys.push(request.key);
      // The first is done but its answer is lost; the second is refused; the third is answered.
      if (keys.length === 2) return false;
      const done = await real.refund(request, signal);
      if (keys.length === 1) throw new Error("connection reset");
      return done;
    },
  }));
  payment.start();
  const { booking, success } = await paid(payment);
  await payment.deliver("refundDue", refundDue(booking, success));
  await eventually(async () => (await announcedOn(payment, "payment.refunded")).length === 1);
  assert.deepEqual(keys, Array(3).fill(`${success.data.captureId}:refund`));
  assert.equal((await refunds(payment)).length, 1);
});

for (const [when, isTogether] of [
  ["one after the other", false],
  ["together", true],
] as const) {
  test(`a refund that two workers have made, since its lease ran out, is announced once: written ${when}`, async () => {
    const answers: (() => void)[] = [];
    payment = await openPayment({}, (real) => ({
      ...real,
      async refund(request, signal) {
        const done = await real.refund(request, signal);
        await new Promise<void>((resolve) => answers.push(resolve));
        return done;
      },
    }));
    payment.start();
    const { booking, success } = await paid(payment);
    await payment.deliver("refundDue", refundDue(booking, success));
    await eventually(() => answers.length === 1);
    await payment.rows("update captures set lease_until = clock_timestamp()");
    await eventually(() => answers.length === 2);
    answers[0]?.();
    if (!isTogether) await firstOn(payment, "payment.refunded");
    answers[1]?.();
    await payment.stop();
    assert.equal((await announcedOn(payment, "payment.refunded")).length, 1);
    assert.equal((await refunds(payment)).length, 1);
  });
}

test("a refund is for the provider that took the money, and waits while there is none of its name", async () => {
  payment = await openPayment();
  payment.start();
  const { booking, success } = await paid(payment);
  await payment.rows("update captures set provider = 'before'");
  await payment.deliver("refundDue", refundDue(booking, success));
  await eventually(() => payment.lines.some((line) => line.includes("no provider before")));
  assert.deepEqual(await refunds(payment), []);
  await payment.rows("update captures set provider = 'mock'");
  await firstOn(payment, "payment.refunded");
  assert.equal((await refunds(payment)).length, 1);
});

test("a refund of a capture that does not exist, or of another booking, is a dead letter", async () => {
  payment = await openPayment();
  payment.start();
  const { booking, success } = await paid(payment);
  const unknown = refundDue(booking, { ...success, data: { ...success.data, captureId: randomUUID() } });
  const { refused } = await payment.deliver("refundDue", unknown, refundDue(aBooking(), success));
  assert.equal(refused.length, 2);
  assert.deepEqual(await refunds(payment), []);
  assert.deepEqual(await payment.rows("select status from captures"), [{ status: "CAPTURED" }]);
});
