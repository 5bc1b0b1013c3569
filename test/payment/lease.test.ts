import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { withClient } from "#mixins/transaction.ts";
import { claimAttempts } from "../../services/payment/attempt.repository.ts";
import type { ChargeRequest } from "../../services/payment/payment.provider.ts";
import { persist, settle, settleIn } from "../../services/payment/settlement.ts";
import { stranger, untilWaiting } from "../booking/support/box-office.ts";
import { eventually } from "../facts/fixture.ts";
import { aBooking, announcedOn, created, expired, firstOn, openPayment, type Payment } from "./fixture.ts";

let payment: Payment;
afterEach(() => payment.close());

const ledger = (p: Payment) => p.rows("select key, state from mock_ledger order by created_at");
const { signal } = new AbortController();

/** What a worker leaves that dies after it has claimed: an attempt in charge whose lease has run out. */
async function abandoned(p: Payment, wish = {}): Promise<ChargeRequest> {
  await p.deliver("created", created(aBooking(), wish));
  const [job] = await claimAttempts(p.pool, 1, 0);
  assert.ok(job);
  return job.request;
}

test("a charge whose worker died after it was made is found again and not made twice", async () => {
  payment = await openPayment();
  const request = await abandoned(payment);
  await payment.real.charge(request, signal);
  payment.start();
  const success = await firstOn(payment, "payment.success");
  assert.equal(success?.subject, request.bookingId);
  assert.deepEqual(await ledger(payment), [{ key: request.key, state: "TAKEN" }]);
});

test("a charge whose worker died before it was made is made by the next one under the same key", async () => {
  payment = await openPayment();
  const request = await abandoned(payment);
  payment.start();
  await eventually(async () => (await announcedOn(payment, "payment.success")).length === 1);
  assert.deepEqual(await ledger(payment), [{ key: request.key, state: "TAKEN" }]);
});

test("when there is no time left for an abandoned charge it is stopped before payment.failed is said", async () => {
  payment = await openPayment();
  const request = await abandoned(payment, { holdSeconds: 100, leftMs: 5_000 });
  payment.start();
  const failed = await firstOn(payment, "payment.failed");
  assert.equal(failed?.data.reason, "TOO_LATE");
  assert.deepEqual(await ledger(payment), [{ key: request.key, state: "STOPPED" }]);
  const late = await payment.real.charge(request, signal);
  assert.equal(late.state, "STOPPED");
});

test("a charge that the provider stopped by itself is tried under the next number", async () => {
  payment = await openPayment();
  const request = await abandoned(payment);
  await payment.real.stop(request, signal);
  payment.start();
  await eventually(async () => (await announcedOn(payment, "payment.success")).length === 1);
  const second = request.key.replace(/:1$/, ":2");
  assert.deepEqual(await ledger(payment), [
    { key: request.key, state: "STOPPED" },
    { key: second, state: "TAKEN" },
  ]);
});

test("a worker that stops leaves its charges to the next, which does not wait for the lease to end", async () => {
  payment = await openPayment({ delayMs: 4_000 });
  payment.start();
  await payment.deliver("created", created(aBooking()));
  await eventually(async () => (await ledger(payment)).length === 1);
  const since = Date.now();
  await payment.stop();
  assert.ok(Date.now() - since < 3_000);
  payment.start();
  await eventually(async () => (await announcedOn(payment, "payment.success")).length === 1);
  assert.equal((await ledger(payment)).length, 1);
});

test("a result that is written twice, or after another, is announced once; money taken is always announced", async () => {
  payment = await openPayment();
  await payment.deliver("created", created(aBooking()));
  const [job] = await claimAttempts(payment.pool, 1, 60_000);
  assert.ok(job);
  const declined = { job, result: { state: "DECLINED", reason: "CARD_DECLINED" } } as const;
  const taken = { job, result: { state: "TAKEN", providerRef: "ref-1", amountMinor: 4_200, currency: "EUR" } } as const;
  await settle(payment.pool, "mock", [declined, declined]);
  for (const result of [declined, taken, taken, declined]) await settle(payment.pool, "mock", [result]);
  assert.deepEqual(
    (await payment.announced()).map((fact) => fact.type),
    ["payment.failed", "payment.success"],
  );
  assert.deepEqual(await payment.rows("select status from payments"), [{ status: "SUCCEEDED" }]);
});

test("a payment that took money stays paid when another attempt of it fails or is void later", async () => {
  payment = await openPayment();
  const [paid, ended] = [aBooking(), aBooking()];
  await payment.deliver("created", created(paid), created(ended));
  const firsts = await claimAttempts(payment.pool, 2, 60_000);
  const stopped = firsts.map((job) => ({ job, result: { state: "STOPPED" } }) as const);
  await settle(payment.pool, "mock", stopped);
  const late = firsts.map((job, i) => {
    const result = { state: "TAKEN", providerRef: `late-${i}`, amountMinor: 4_200, currency: "EUR" } as const;
    return { job, result };
  });
  await settle(payment.pool, "mock", late);
  await payment.deliver("ended", expired(ended));
  const seconds = await claimAttempts(payment.pool, 2, 60_000);
  assert.deepEqual(
    seconds.map((job) => [job.number, job.request.bookingId]),
    [[2, paid.bookingId]],
  );
  const declined = seconds.map((job) => ({ job, result: { state: "DECLINED", reason: "CARD_DECLINED" } }) as const);
  await settle(payment.pool, "mock", declined);
  assert.deepEqual(await payment.rows("select distinct status from payments"), [{ status: "SUCCEEDED" }]);
  assert.deepEqual(
    (await payment.announced()).map((fact) => fact.type),
    ["payment.success", "payment.success"],
  );
});

test("an attempt that fails while another's money is being written says nothing of it: the payment is paid", async (t) => {
  payment = await openPayment();
  await payment.deliver("created", created(aBooking()));
  const [first] = await claimAttempts(payment.pool, 1, 60_000);
  assert.ok(first);
  await settle(payment.pool, "mock", [{ job: first, result: { state: "STOPPED" } }]);
  const [second] = await claimAttempts(payment.pool, 1, 60_000);
  assert.ok(second);
  const taken = { state: "TAKEN", providerRef: "late", amountMinor: 4_200, currency: "EUR" } as const;
  const declined = { state: "DECLINED", reason: "CARD_DECLINED" } as const;
  const other = await stranger(t, payment.pool);
  await other.query("begin");
  await settleIn(other as never, "mock", [{ job: first, result: taken }]);
  const failing = persist(() => settle(payment.pool, "mock", [{ job: second, result: declined }]));
  await untilWaiting(payment.pool, 1);
  await other.query("commit");
  await failing;
  assert.deepEqual(
    (await payment.announced()).map((fact) => fact.type),
    ["payment.success"],
  );
  assert.deepEqual(await payment.rows("select status from payments"), [{ status: "SUCCEEDED" }]);
});

test("an answer that cannot be written at once is written soon, and does not wait for its lease to end", async () => {
  payment = await openPayment({ delayMs: 200 });
  await payment.deliver("created", ...Array.from({ length: 20 }, () => created(aBooking())));
  const since = Date.now();
  await withClient(payment.pool, async (holder) => {
    await holder.query("begin");
    await holder.query("select from payments limit 1 for update");
    payment.start();
    await eventually(async () => (await ledger(payment)).filter(({ state }) => state === "TAKEN").length === 20);
    // Longer than lock_timeout: the first write has failed by then.
    await holder.query("select pg_sleep(0.8)");
    await holder.query("commit");
  });
  await eventually(async () => (await announcedOn(payment, "payment.success")).length === 20);
  assert.ok(Date.now() - since < 8_000, `${Date.now() - since} ms`);
});
