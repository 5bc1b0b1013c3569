import type { Pool } from "pg";
import { withCorrelation } from "#broker/correlation.ts";
import { type NewFact, newFact } from "#contracts/events.ts";
import { KAFKA_TOPICS } from "#contracts/topics.ts";
import { appendFacts } from "#mixins/outbox.repository.ts";
import { transaction } from "#mixins/transaction.ts";
import type { WorkerOptions } from "./attempt.worker.ts";
import { Batcher } from "./batcher.ts";
import { claimRefunds, markRefunded, postponeRefund, type RefundJob } from "./capture.repository.ts";
import { JobLoop } from "./job-loop.ts";
import type { PaymentProvider } from "./payment.provider.ts";
import { callProvider, LEASE_MS, nextCallMs } from "./provider-call.ts";
import { persist, SOURCE } from "./settlement.ts";

const REFUNDS_IN_FLIGHT = 64;

interface RefundOptions extends Omit<WorkerOptions, "provider"> {
  /** The provider of that name; throws while there is none. */
  providerOf: (name: string) => PaymentProvider;
}

/**
 * Gives money back: each capture by the provider that took it, under one key, again and again until that says that it is done.
 */
export function refundWorker({ pool, providerOf, logger, onSettled }: RefundOptions): JobLoop<RefundJob> {
  const results = new Batcher(async (jobs: RefundJob[]) => {
    await persist(() => writeRefunded(pool, jobs));
    onSettled();
    return jobs;
  }, REFUNDS_IN_FLIGHT);

  async function run(job: RefundJob, stopping: AbortSignal): Promise<void> {
    const done = await refund(providerOf, job, stopping).catch((error: Error) => {
      logger.warn(`capture ${job.id}: no answer to its refund, claim ${job.claims}: ${error.message}`);
      return undefined;
    });
    if (done) {
      await results.add(job);
      logger.debug(`capture ${job.id} is refunded`);
      return;
    }
    if (done === false) logger.error(`capture ${job.id}: ${job.provider} refuses its refund, claim ${job.claims}`);
    await postponeRefund(pool, job, stopping.aborted ? 0 : nextCallMs(job.claims));
  }

  return new JobLoop({
    name: "refunds",
    inFlight: REFUNDS_IN_FLIGHT,
    claim: (limit) => claimRefunds(pool, limit, LEASE_MS),
    run: (job, stopping) => withCorrelation(job.cause.correlationid ?? job.id, () => run(job, stopping)),
    logger,
  });
}

async function refund(
  providerOf: RefundOptions["providerOf"],
  job: RefundJob,
  stopping: AbortSignal,
): Promise<boolean> {
  const { id, providerRef, amountMinor, currency } = job;
  const provider = providerOf(job.provider);
  return callProvider(stopping, (signal) =>
    provider.refund({ key: `${id}:refund`, providerRef, amountMinor, currency }, signal),
  );
}

async function writeRefunded(pool: Pool, jobs: RefundJob[]): Promise<void> {
  await transaction(pool, async (tx) => {
    const refunded = await markRefunded(
      tx,
      jobs.map((job) => job.id),
    );
    // A capture is in a batch twice when its lease ran out before its first result was written.
    const once = new Map(jobs.map((job) => [job.id, job]));
    await appendFacts(tx, [...once.values()].filter(({ id }) => refunded.has(id)).map(refundedFact));
  });
}

function refundedFact({
  id: captureId,
  paymentId,
  bookingId,
  eventId,
  amountMinor,
  currency,
  cause,
}: RefundJob): NewFact {
  const data = { paymentId, bookingId, eventId, captureId, amountMinor, currency };
  return newFact(KAFKA_TOPICS.PAYMENT_REFUNDED, SOURCE, bookingId, data, cause);
}
