import { setTimeout as sleep } from "node:timers/promises";
import type { Pool } from "pg";
import { type NewFact, newFact } from "#contracts/events.ts";
import { newId } from "#contracts/id.ts";
import { KAFKA_TOPICS } from "#contracts/topics.ts";
import { appendFacts } from "#mixins/outbox.repository.ts";
import { backOffMs, retryWaitMs } from "#mixins/retryable.ts";
import { type Tx, transaction } from "#mixins/transaction.ts";
import { type AttemptJob, addAttempts, type EndedAttempt, endAttempts } from "./attempt.repository.ts";
import { type AttemptResult, type Conclusion, conclude, endStateOf } from "./attempt-result.ts";
import { type Capture, insertCaptures } from "./capture.repository.ts";
import type { Taken } from "./payment.provider.ts";
import { type LockedPayment, lockPayments, setPaymentStatus } from "./payment.repository.ts";

export interface Settled {
  job: Pick<AttemptJob, "paymentId" | "number">;
  result: AttemptResult;
}

export const SOURCE = "eventix/payment";

/**
 * Writes what became of attempts, with the facts that follow, in one transaction. A capture is inserted and announced whatever
 * the attempt has become in the meantime: money that was taken must come to booking's knowledge. Everything else counts only
 * if the attempt was still being charged. Results that cannot be written together are written in halves, and two of one
 * payment (a lease ran out and both workers came back) one after the other.
 */
export async function settle(pool: Pool, provider: string, settled: readonly Settled[]): Promise<void> {
  const firsts = new Map([...settled].reverse().map((one) => [one.job.paymentId, one]));
  const repeats = settled.filter((one) => firsts.get(one.job.paymentId) !== one);
  await settleOnce(pool, provider, [...firsts.values()]);
  if (repeats.length > 0) await settle(pool, provider, repeats);
}

const WRITE_TRIES = 4;

/**
 * Writes what a provider answered, again after what may pass by itself: an answer that is not written is found again only when
 * its lease has run out, 12 s later, and all that was to be written with it waits as long.
 */
export async function persist<T>(write: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await write();
    } catch (error) {
      const waitMs = retryWaitMs(error);
      if (waitMs === undefined || tries === WRITE_TRIES) throw error;
      await sleep(backOffMs(waitMs, tries - 1));
    }
  }
}

async function settleOnce(pool: Pool, provider: string, settled: readonly Settled[]): Promise<void> {
  try {
    await transaction(pool, (tx) => settleIn(tx, provider, settled));
  } catch (error) {
    if (settled.length === 1 || retryWaitMs(error) !== undefined) throw error;
    const middle = Math.ceil(settled.length / 2);
    const halves = [settled.slice(0, middle), settled.slice(middle)].map((half) => settleOnce(pool, provider, half));
    for (const half of await Promise.allSettled(halves)) if (half.status === "rejected") throw half.reason;
  }
}

/** Locks the payments, which must differ. */
export async function settleIn(tx: Tx, provider: string, settled: readonly Settled[]): Promise<void> {
  const payments = await lockPayments(
    tx,
    settled.map(({ job }) => job.paymentId),
  );
  const ended = await endAttempts(
    tx,
    settled.map(({ job, result }) => ({ paymentId: job.paymentId, number: job.number, state: endStateOf(result) })),
  );
  const captures = await insertCaptures(
    tx,
    settled.flatMap((s) => captureOf(provider, s, payments)),
  );
  const concluded = settled.flatMap((s) => concludedOf(s, ended, payments));
  await setPaymentStatus(
    tx,
    concluded.map(({ job, conclusion }) => ({ id: job.paymentId, ...conclusion })),
  );
  await addAttempts(
    tx,
    concluded.flatMap(({ job, conclusion }) =>
      conclusion.tryAgain ? [{ paymentId: job.paymentId, number: job.number + 1 }] : [],
    ),
  );
  const failed = concluded.flatMap(({ job, conclusion }) =>
    conclusion.announce ? failedFact(payments.get(job.paymentId), conclusion) : [],
  );
  await appendFacts(tx, [...captures.flatMap((c) => successFact(payments.get(c.paymentId), c)), ...failed]);
}

interface Concluded {
  job: Settled["job"];
  conclusion: Conclusion;
}

function concludedOf(
  { job, result }: Settled,
  ended: Map<string, EndedAttempt>,
  payments: Map<string, LockedPayment>,
): Concluded[] {
  const attempt = ended.get(job.paymentId);
  // Another attempt took the money: this one neither fails the payment nor is followed by a third.
  const isOver = payments.get(job.paymentId)?.hasSucceeded;
  return attempt && !isOver ? [{ job, conclusion: conclude(result, job.number, attempt) }] : [];
}

function captureOf(provider: string, { job, result }: Settled, payments: Map<string, LockedPayment>): Capture[] {
  const payment = payments.get(job.paymentId);
  if (result.state !== "TAKEN" || !payment) return [];
  const { providerRef, amountMinor, currency } = result satisfies Taken;
  const { id: paymentId, bookingId, eventId } = payment;
  return [{ id: newId(), paymentId, bookingId, eventId, provider, providerRef, amountMinor, currency }];
}

function successFact(payment: LockedPayment | undefined, capture: Capture): NewFact[] {
  if (!payment) return [];
  const { paymentId, bookingId, eventId, id: captureId, amountMinor, currency } = capture;
  const data = { paymentId, bookingId, eventId, captureId, amountMinor, currency };
  return [newFact(KAFKA_TOPICS.PAYMENT_SUCCESS, SOURCE, bookingId, data, payment.cause)];
}

function failedFact(payment: LockedPayment | undefined, { reason }: Conclusion): NewFact[] {
  if (!payment) return [];
  const { id: paymentId, bookingId, eventId, cause } = payment;
  return [
    newFact(
      KAFKA_TOPICS.PAYMENT_FAILED,
      SOURCE,
      bookingId,
      { paymentId, bookingId, eventId, reason: reason ?? "" },
      cause,
    ),
  ];
}
