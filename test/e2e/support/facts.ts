import { randomUUID } from "node:crypto";
import { createKafka } from "#broker/kafka.client.ts";
import { type Fact, parseFact } from "#contracts/events.ts";
import { KAFKA_TOPICS, type Topic } from "#contracts/topics.ts";
import { withAdmin } from "../../support/kafka-admin.ts";

/** All that stands on the topics now, in order of topic and offset: read as a stranger would, from the beginning. */
export async function readFacts(topics: readonly Topic[] = Object.values(KAFKA_TOPICS)): Promise<Fact[]> {
  const ends = new Map<string, number>();
  await withAdmin(async (admin) => {
    for (const topic of topics) {
      for (const { partition, high, low } of await admin.fetchTopicOffsets(topic)) {
        if (Number(high) > Number(low)) ends.set(`${topic}/${partition}`, Number(high));
      }
    }
  });
  const facts: Fact[] = [];
  if (ends.size === 0) return facts;
  const kafka = createKafka({ brokers: (process.env.KAFKA_BROKERS ?? "").split(","), clientId: "facts-reader" });
  const consumer = kafka.consumer({ groupId: `facts-reader-${randomUUID()}` });
  await consumer.connect();
  await consumer.subscribe({ topics: [...topics], fromBeginning: true });
  await new Promise<void>((resolve, reject) => {
    consumer
      .run({
        autoCommit: false,
        eachMessage: async ({ topic, partition, message }) => {
          const parsed = parseFact(topic, message.value);
          if (parsed.ok) facts.push(parsed.fact);
          else reject(new Error(`${topic} holds ${parsed.reason}`));
          const key = `${topic}/${partition}`;
          if (Number(message.offset) + 1 >= (ends.get(key) ?? 0)) ends.delete(key);
          if (ends.size === 0) resolve();
        },
      })
      .catch(reject);
  });
  await consumer.disconnect();
  return facts;
}

/** A booking's own facts, by bookingVersion, each once. */
export function factsOf(facts: readonly Fact[], bookingId: string): Fact[] {
  const own = facts.filter((fact) => fact.subject === bookingId && fact.type.startsWith("booking."));
  const byId = new Map(own.map((fact) => [fact.id, fact]));
  return [...byId.values()].sort((a, b) => versionOf(a) - versionOf(b));
}

export const versionOf = (fact: Fact): number => (fact.data as { bookingVersion: number }).bookingVersion;
