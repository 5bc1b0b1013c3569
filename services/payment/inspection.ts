import type { Pool } from "pg";
import type { InspectedPayment, ProviderResult } from "#contracts/inspection.ts";
import { readWaiting } from "#mixins/outbox.repository.ts";
import { inspectPayment } from "./inspection.repository.ts";
import type { PaymentProvider } from "./payment.provider.ts";

/** An operator waits for the answer: a provider that takes longer is said not to answer. */
const PROVIDER_MS = 1_500;

/** A payment with what the provider says now of each attempt that was sent to it; undefined while there is none. */
export async function inspect(
  pool: Pool,
  provider: PaymentProvider,
  bookingId: string,
): Promise<InspectedPayment | undefined> {
  const [payment, waiting] = await Promise.all([inspectPayment(pool, bookingId), readWaiting(pool, bookingId)]);
  if (!payment) return undefined;
  const attempts = await Promise.all(
    payment.attempts.map(async (attempt) => ({
      ...attempt,
      provider: attempt.claims === 0 ? null : await resultOf(provider, `${payment.id}:${attempt.number}`),
    })),
  );
  return { ...payment, attempts, waiting };
}

async function resultOf(provider: PaymentProvider, key: string): Promise<ProviderResult> {
  const signal = AbortSignal.timeout(PROVIDER_MS);
  const late = new Promise<ProviderResult>((done) =>
    signal.addEventListener("abort", () => done({ state: "NO_ANSWER" }), { once: true }),
  );
  const answer = provider.inspect(key, signal).catch((): ProviderResult => ({ state: "NO_ANSWER" }));
  return Promise.race([answer, late]);
}
