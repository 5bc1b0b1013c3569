import type { Logger } from "moleculer";
import type { Pool } from "pg";
import { withCorrelation } from "#broker/correlation.ts";
import { type AttemptJob, type AttemptWait, claimAttempts, postponeAttempts } from "./attempt.repository.ts";
import { type AttemptResult, firstStep, stepForUnknown } from "./attempt-result.ts";
import { Batcher } from "./batcher.ts";
import { JobLoop } from "./job-loop.ts";
import type { PaymentProvider, Pending } from "./payment.provider.ts";
import { callProvider, LEASE_MS, nextCallMs, nextQuestionMs } from "./provider-call.ts";
import { persist, type Settled, settle } from "./settlement.ts";

export interface WorkerOptions {
  pool: Pool;
  provider: PaymentProvider;
  logger: Logger;
  /** Called after each commit that wrote facts. */
  onSettled: () => void;
}

/** Charges under way at once on a node: at half a second each, some 500 a second. */
const CHARGES_IN_FLIGHT = 256;
const WRITE_BATCH = 256;

/**
 * Charges what buyers owe. An attempt is claimed for 12 s, charged outside of any transaction, and what came of it is written
 * with the facts that follow. Without an answer the same attempt is claimed again, and the provider is asked first; so is one
 * that waits for its buyer, every half minute, in case the provider's word was lost.
 */
export function attemptWorker({ pool, provider, logger, onSettled }: WorkerOptions): JobLoop<AttemptJob> {
  const results = new Batcher(async (batch: Settled[]) => {
    await persist(() => settle(pool, provider.name, batch));
    onSettled();
    return batch;
  }, WRITE_BATCH);
  const waits = new Batcher(async (batch: AttemptWait[]) => {
    await postponeAttempts(pool, batch);
    return batch;
  }, WRITE_BATCH);

  async function run(job: AttemptJob, stopping: AbortSignal): Promise<void> {
    const { paymentId, number, claims } = job;
    const result = await attempt(provider, job, stopping).catch((error: Error) => {
      logger.warn(`payment ${paymentId}: no answer to attempt ${number}, claim ${claims}: ${error.message}`);
      return undefined;
    });
    if (result?.state === "PENDING") {
      const { checkoutUrl } = result;
      const waitMs = checkoutUrl === undefined ? nextCallMs(claims) : nextQuestionMs(claims);
      await waits.add({ paymentId, number, claims, waitMs, checkoutUrl });
    } else if (result) {
      await results.add({ job, result });
      logger.debug(`payment ${paymentId}: attempt ${number} is ${result.state}`);
    } else {
      await waits.add({ paymentId, number, claims, waitMs: stopping.aborted ? 0 : nextCallMs(claims) });
    }
  }

  return new JobLoop({
    name: "attempts",
    inFlight: CHARGES_IN_FLIGHT,
    claim: (limit) => claimAttempts(pool, limit, LEASE_MS),
    run: (job, stopping) => withCorrelation(job.correlationId ?? job.paymentId, () => run(job, stopping)),
    logger,
  });
}

/** Takes an attempt as far as it goes now; PENDING while it is not over. Rejects when the provider does not answer. */
async function attempt(
  provider: PaymentProvider,
  job: AttemptJob,
  stopping: AbortSignal,
): Promise<AttemptResult | Pending> {
  let step = firstStep(job);
  if (step === "inspect") {
    const charge = await callProvider(stopping, (signal) => provider.inspect(job.request.key, signal));
    if (charge.state !== "UNKNOWN") return charge;
    step = stepForUnknown(job);
  }
  if (step === "give up") return { state: "TOO_LATE" };
  return callProvider(stopping, (signal) => provider[step === "stop" ? "stop" : "charge"](job.request, signal));
}
