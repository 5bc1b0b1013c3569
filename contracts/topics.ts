/** Every topic of facts, by the name that code uses for it. */
export const KAFKA_TOPICS = {
  EVENT_PUBLISHED: "event.published",
  BOOKING_CREATED: "booking.created",
  BOOKING_CONFIRMED: "booking.confirmed",
  BOOKING_CANCELLED: "booking.cancelled",
  BOOKING_EXPIRED: "booking.expired",
  BOOKING_REFUND_DUE: "booking.refund_due",
  PAYMENT_SUCCESS: "payment.success",
  PAYMENT_FAILED: "payment.failed",
  PAYMENT_REFUNDED: "payment.refunded",
  SEAT_CHANGED: "seat.changed",
} as const;

export type Topic = (typeof KAFKA_TOPICS)[keyof typeof KAFKA_TOPICS];

export interface TopicDefinition {
  name: string;
  partitions: number;
  cleanup: "delete" | "compact";
  retentionMs: number;
}

const DAY_MS = 24 * 60 * 60 * 1000;
/** Facts are kept seven days; processed_events nine, so that whatever can be read again is still known as applied. */
const FACT_RETENTION_MS = 7 * DAY_MS;
const FACT_PARTITIONS = 6;

/** Where a consumer puts what it can never apply. */
export const deadLetterTopic = (topic: string) => `${topic}.dlq`;

/** All topics with their settings: what the stack creates and docker-compose names. */
export const TOPIC_DEFINITIONS: readonly TopicDefinition[] = Object.values(KAFKA_TOPICS).flatMap((name) => [
  {
    name,
    partitions: FACT_PARTITIONS,
    cleanup: name === KAFKA_TOPICS.EVENT_PUBLISHED ? ("compact" as const) : ("delete" as const),
    retentionMs: FACT_RETENTION_MS,
  },
  { name: deadLetterTopic(name), partitions: 1, cleanup: "delete" as const, retentionMs: 4 * FACT_RETENTION_MS },
]);
