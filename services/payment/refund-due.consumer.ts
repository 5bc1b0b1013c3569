import { type BookingRefundDueEvent, causedBy } from "#contracts/events.ts";
import { KAFKA_TOPICS } from "#contracts/topics.ts";
import type { BatchConsumer } from "#mixins/batch-consumer.ts";
import { markRefundDue } from "./capture.repository.ts";

/** Booking has no use for a capture: marks it to be given back, once, however often booking says so. */
export function refundDueConsumer(onRefundDue: () => void): BatchConsumer<"booking.refund_due"> {
  return {
    name: "refund-due",
    topics: [KAFKA_TOPICS.BOOKING_REFUND_DUE],
    async apply(tx, facts) {
      const known = await markRefundDue(tx, facts.map(refundOf));
      // A capture is committed with the payment.success that names it: what is not known now never will be.
      const rejected = facts
        .filter((fact) => !known.has(fact.data.captureId))
        .map((fact) => ({ fact, reason: `no capture ${fact.data.captureId} of booking ${fact.data.bookingId}` }));
      return { publish: [], rejected };
    },
    committed: onRefundDue,
  };
}

const refundOf = (fact: BookingRefundDueEvent) => ({
  captureId: fact.data.captureId,
  bookingId: fact.data.bookingId,
  cause: causedBy(fact),
});
