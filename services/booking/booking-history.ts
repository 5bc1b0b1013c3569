import type { Kafka } from "kafkajs";
import type { Pool } from "pg";
import type { Fact } from "#contracts/events.ts";
import type { InspectedFacts, RefusedFact } from "#contracts/inspection.ts";
import { deadLetterTopic, KAFKA_TOPICS } from "#contracts/topics.ts";
import { readFacts, type TopicRecord } from "#mixins/fact-reader.ts";
import { readWaiting } from "#mixins/outbox.repository.ts";
import { RETRY_NOTE } from "#mixins/retry-mark.ts";

const TOPICS = Object.values(KAFKA_TOPICS).filter(
  (topic) => topic !== KAFKA_TOPICS.EVENT_PUBLISHED && topic !== KAFKA_TOPICS.SEAT_CHANGED,
);
/** Whoever asks waits 6 s (requestTimeout). */
const READ_MS = 4_000;
const FACTS_MAX = 500;
/** Nodes and database may tell the time differently. */
const CLOCK_SLACK_MS = 60_000;

/**
 * What the topics tell of a booking since it was made, and what still waits in the outbox: that is read first, so that a fact
 * which is published meanwhile is seen. Rejects when Kafka is away.
 */
export async function readHistory(
  pool: Pool,
  kafka: Kafka,
  { id, createdAt }: { id: string; createdAt: string },
): Promise<InspectedFacts> {
  const waiting = await readWaiting(pool, id);
  const published = new Map<string, Fact>();
  const refused: RefusedFact[] = [];
  const { complete } = await readFacts(
    kafka,
    {
      topics: [...TOPICS, ...TOPICS.map(deadLetterTopic)],
      from: new Date(Date.parse(createdAt) - CLOCK_SLACK_MS),
      key: id,
      withinMs: READ_MS,
    },
    (records) => {
      for (const record of records) {
        if (String(record.record.key) !== id || published.size + refused.length >= FACTS_MAX) continue;
        // Published twice it is the same fact.
        if (record.fact) published.set(record.fact.id, record.fact);
        else if (record.record.headers[RETRY_NOTE] === undefined) refused.push(refusedOf(record.record));
      }
    },
  );
  const isComplete = complete && published.size + refused.length < FACTS_MAX;
  return { published: [...published.values()], waiting, refused, complete: isComplete };
}

const refusedOf = ({ topic, timestamp, headers }: TopicRecord["record"]): RefusedFact => ({
  topic: topic.replace(/\.dlq$/, ""),
  consumer: headers["eventix-consumer"] ?? "unknown",
  reason: headers["eventix-reason"] ?? "unknown",
  time: timestamp.toISOString(),
});
