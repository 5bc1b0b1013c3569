import { causedBy, type Fact } from "#contracts/events.ts";
import { KAFKA_TOPICS } from "#contracts/topics.ts";
import type { BatchConsumer } from "#mixins/batch-consumer.ts";
import { applyTransitions, type Released } from "./booking.changes.ts";
import type { Command } from "./change.plan.ts";

type PaymentResult = "payment.success" | "payment.failed";

/**
 * Confirms or cancels bookings by what payment says. The first round of a batch names all its bookings, and locks them and
 * their seats: no `lock` of its own is needed. `announce` is told after the commit what came free.
 */
export function paymentResultConsumer(announce: (released: Released[]) => void): BatchConsumer<PaymentResult> {
  // What a round freed stands with its first fact, and is known anew when a batch that failed is applied again in parts.
  const freed = new WeakMap<Fact, Released[]>();
  return {
    name: "payment-result",
    topics: [KAFKA_TOPICS.PAYMENT_SUCCESS, KAFKA_TOPICS.PAYMENT_FAILED],
    async apply(tx, facts) {
      const factOf = new Map(facts.map((fact) => [commandOf(fact), fact] as const));
      const { changes, unknown, publish, released } = await applyTransitions(tx, [...factOf.keys()]);
      changes.forEach(({ command }, n) => {
        freed.set(factOf.get(command) as Fact, n === 0 ? released : []);
      });
      // A payment follows from a booking that was committed: one that is not here now never will be.
      const rejected = unknown.map((command) => ({
        fact: factOf.get(command) as Fact,
        reason: `no booking ${command.bookingId} of event ${command.eventId}`,
      }));
      return { publish, rejected };
    },
    committed(facts) {
      const all = facts.flatMap((fact) => freed.get(fact) ?? []);
      if (all.length > 0) announce(all);
    },
  };
}

function commandOf(fact: Fact<PaymentResult>): Command {
  const { bookingId, eventId } = fact.data;
  const about = { bookingId, eventId, cause: causedBy(fact) };
  if (fact.type === KAFKA_TOPICS.PAYMENT_FAILED) return { ...about, on: "payment.failed" };
  const { paymentId, captureId, amountMinor, currency } = fact.data;
  return { ...about, on: "payment.success", payment: { paymentId, captureId, amountMinor, currency } };
}
