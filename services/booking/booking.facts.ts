import { type NewFact, newFact } from "#contracts/events.ts";
import { KAFKA_TOPICS } from "#contracts/topics.ts";
import type { Booking } from "./booking-view.ts";
import type { Payment, PlannedChange } from "./change.plan.ts";

const SOURCE = "eventix/booking";

/** What a change of a booking publishes: one fact, or none where nothing happened. */
export function factsOfChange({ command, transition, after }: PlannedChange): NewFact[] {
  const payment = command.on === "payment.success" ? command.payment : undefined;
  // Whatever caused it, a booking's facts carry the correlation id of the request that made the booking.
  const cause = { ...command.cause, correlationid: after.correlationId };
  const about = {
    bookingId: after.id,
    bookingVersion: after.version,
    eventId: after.eventId,
    userId: after.userId,
  };
  const topic = transition?.publishes;
  switch (topic) {
    case KAFKA_TOPICS.BOOKING_CONFIRMED:
      return [newFact(topic, SOURCE, after.id, { ...about, ...confirmationOf(after) }, cause)];
    case KAFKA_TOPICS.BOOKING_CANCELLED:
    case KAFKA_TOPICS.BOOKING_EXPIRED:
      return [newFact(topic, SOURCE, after.id, { ...about, reason: after.reason as string }, cause)];
    case KAFKA_TOPICS.BOOKING_REFUND_DUE: {
      const { paymentId, captureId, amountMinor, currency } = payment as Payment;
      const reason = transition?.refundReason as string;
      return [
        newFact(topic, SOURCE, after.id, { ...about, paymentId, captureId, amountMinor, currency, reason }, cause),
      ];
    }
    default:
      return [];
  }
}

const confirmationOf = ({ ticketReference, captureId }: Booking) => ({
  ticketReference: ticketReference as string,
  captureId: captureId as string,
});
