import { newId } from "#contracts/id.ts";
import { KAFKA_TOPICS } from "#contracts/topics.ts";
import type { BatchConsumer } from "#mixins/batch-consumer.ts";
import { voidAttempts } from "./attempt.repository.ts";
import { lockOrVoidUnknown, setPaymentStatus } from "./payment.repository.ts";

/**
 * A booking is over: an attempt that nobody claimed is void, one that is being charged is asked to stop, and its outcome
 * counts. A booking not known yet is recorded as void.
 */
export function bookingEndedConsumer(onStopWanted: () => void): BatchConsumer<"booking.cancelled" | "booking.expired"> {
  return {
    name: "booking-ended",
    topics: [KAFKA_TOPICS.BOOKING_CANCELLED, KAFKA_TOPICS.BOOKING_EXPIRED],
    async apply(tx, facts) {
      const ended = facts.map(({ data: { bookingId, reason } }) => ({ paymentId: newId(), bookingId, reason }));
      await lockOrVoidUnknown(tx, ended);
      const voided = await voidAttempts(
        tx,
        ended.map(({ bookingId }) => bookingId),
      );
      await setPaymentStatus(
        tx,
        voided.map(({ paymentId, bookingId }) => ({
          id: paymentId,
          status: "VOIDED",
          reason: ended.find((e) => e.bookingId === bookingId)?.reason ?? null,
        })),
      );
      return { publish: [] };
    },
    committed: onStopWanted,
  };
}
