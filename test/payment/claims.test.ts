import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import type { Pool } from "pg";
import { withClient } from "#mixins/transaction.ts";
import { claimAttempts, postponeAttempts } from "../../services/payment/attempt.repository.ts";
import { claimRefunds, postponeRefund } from "../../services/payment/capture.repository.ts";
import { settle } from "../../services/payment/settlement.ts";
import { aBooking, announcedOn, created, openPayment, type Payment, refundDue } from "./fixture.ts";

let payment: Payment;
afterEach(() => payment.close());

const LEASE_MS = 60_000;

interface Claimed {
  id: string;
  /** Leaves it to whoever claims it next. */
  putAside(): Promise<void>;
}

/** What workers claim: how so many come to be due, and how a worker claims them. */
const KINDS: [
  what: string,
  due: (count: number) => Promise<unknown>,
  claim: (by: Pool, limit: number, leaseMs: number) => Promise<Claimed[]>,
][] = [
  [
    "attempts",
    dueAttempts,
    async (...args) =>
      (await claimAttempts(...args)).map((job) => ({
        id: job.paymentId,
        putAside: () => postponeAttempts(payment.pool, [{ ...job, waitMs: 0 }]),
      })),
  ],
  [
    "refunds",
    dueRefunds,
    async (...args) =>
      (await claimRefunds(...args)).map((job) => ({
        id: job.id,
        putAside: () => postponeRefund(payment.pool, job, 0),
      })),
  ],
];

async function dueAttempts(count: number): Promise<void> {
  await payment.deliver("created", ...Array.from({ length: count }, () => created(aBooking())));
}

async function dueRefunds(count: number): Promise<void> {
  await dueAttempts(count);
  const taken = { state: "TAKEN", amountMinor: 4_200, currency: "EUR" } as const;
  const jobs = await claimAttempts(payment.pool, count, LEASE_MS);
  await settle(
    payment.pool,
    "mock",
    jobs.map((job, n) => ({ job, result: { ...taken, providerRef: `ref-${n}` } })),
  );
  const successes = await announcedOn(payment, "payment.success");
  await payment.deliver(
    "refundDue",
    ...successes.map((success) => refundDue({ ...aBooking(), ...success.data }, success)),
  );
}

for (const [what, due, claim] of KINDS) {
  test(`${what} that one worker is claiming are not waited for by another, which claims the rest`, async () => {
    payment = await openPayment();
    await due(3);
    await withClient(payment.pool, async (one) => {
      await one.query("begin");
      const first = await claim(one as never, 2, LEASE_MS);
      const second = await claim(payment.pool, 10, LEASE_MS);
      await one.query("commit");
      assert.deepEqual([first.length, second.length], [2, 1]);
      assert.equal(new Set([...first, ...second].map(({ id }) => id)).size, 3);
    });
  });

  test(`${what} are claimed again when their lease has run out, and not before`, async () => {
    payment = await openPayment();
    await due(2);
    assert.equal((await claim(payment.pool, 1, 0)).length, 1);
    assert.equal((await claim(payment.pool, 10, LEASE_MS)).length, 2);
    assert.deepEqual(await claim(payment.pool, 10, LEASE_MS), []);
  });

  test(`${what} are put aside only by the worker that claimed them last`, async () => {
    payment = await openPayment();
    await due(1);
    const [late] = await claim(payment.pool, 1, 0);
    const [last] = await claim(payment.pool, 1, LEASE_MS);
    await late?.putAside();
    assert.deepEqual(await claim(payment.pool, 1, LEASE_MS), []);
    await last?.putAside();
    assert.equal((await claim(payment.pool, 1, LEASE_MS)).length, 1);
  });
}
