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
  /** The largest batch of records that the topic takes. */
  maxMessageBytes: number;
}

const DAY_MS = 24 * 60 * 60 * 1000;
/** Facts are kept seven days; processed_events nine, so that whatever can be read again is still known as applied. */
const FACT_RETENTION_MS = 7 * DAY_MS;
const FACT_PARTITIONS = 6;
/** A fact is a few kilobytes, the relay's batches are half of this. */
const FACT_BYTES = 1024 * 1024;

/** Where a consumer puts what it can never apply. */
export const deadLetterTopic = (topic: string) => `${topic}.dlq`;

/**
 * All topics with their settings: what the stack creates, and `npm run docs` writes down for docker-compose. A dead letter is
 * the record as it came, with headers that say why: its topic takes more, so that whatever was read can be put aside whole.
 */
export const TOPIC_DEFINITIONS: readonly TopicDefinition[] = Object.values(KAFKA_TOPICS).flatMap((name) => [
  {
    name,
    partitions: FACT_PARTITIONS,
    cleanup: name === KAFKA_TOPICS.EVENT_PUBLISHED ? ("compact" as const) : ("delete" as const),
    retentionMs: FACT_RETENTION_MS,
    maxMessageBytes: FACT_BYTES,
  },
  {
    name: deadLetterTopic(name),
    partitions: 1,
    cleanup: "delete" as const,
    retentionMs: 4 * FACT_RETENTION_MS,
    maxMessageBytes: 2 * FACT_BYTES,
  },
]);

/** A topic's settings as Kafka names them. */
export const topicSettings = (topic: TopicDefinition): Record<string, string> => ({
  "cleanup.policy": topic.cleanup,
  "retention.ms": String(topic.retentionMs),
  "max.message.bytes": String(topic.maxMessageBytes),
});
