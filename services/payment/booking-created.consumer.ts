import { type BookingCreatedEvent, causedBy } from "#contracts/events.ts";
import { newId } from "#contracts/id.ts";
import { KAFKA_TOPICS } from "#contracts/topics.ts";
import type { BatchConsumer } from "#mixins/batch-consumer.ts";
import { type NewPayment, requestPayments } from "./payment.repository.ts";

/** A new booking is to be paid: records the payment and its first attempt, which a worker then claims. */
export function bookingCreatedConsumer(onRequested: () => void): BatchConsumer<"booking.created"> {
  return {
    name: "booking-created",
    topics: [KAFKA_TOPICS.BOOKING_CREATED],
    async apply(tx, facts) {
      await requestPayments(tx, facts.map(paymentOf));
      return { publish: [] };
    },
    committed: onRequested,
  };
}

function paymentOf(fact: BookingCreatedEvent): NewPayment {
  const { bookingId, eventId, userId, seats, totalMinor, currency, expiresAt, holdSeconds } = fact.data;
  const seatIds = seats.map((seat) => seat.seatId).sort();
  const cause = causedBy(fact);
  return {
    id: newId(),
    bookingId,
    eventId,
    userId,
    seatIds,
    amountMinor: totalMinor,
    currency,
    expiresAt,
    holdSeconds,
    cause,
  };
}
