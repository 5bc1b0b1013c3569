import { randomUUID } from "node:crypto";
import { createKafka } from "#broker/kafka.client.ts";
import { type Fact, parseFact } from "#contracts/events.ts";
import { KAFKA_TOPICS } from "#contracts/topics.ts";
import type { Hall } from "./buyer.ts";
import type { World } from "./world.ts";

/** The end of each partition, by `topic/partition`. */
export type Ends = ReadonlyMap<string, number>;

const TOPICS = Object.values(KAFKA_TOPICS);

export async function endsOf(world: World): Promise<Ends> {
  const admin = createKafka({ brokers: world.brokers(), clientId: "faults-ends" }).admin();
  await admin.connect();
  try {
    const all = TOPICS.map(async (topic) =>
      (await admin.fetchTopicOffsets(topic)).map(
        ({ partition, high }) => [`${topic}/${partition}`, Number(high)] as const,
      ),
    );
    return new Map((await Promise.all(all)).flat());
  } finally {
    await admin.disconnect();
  }
}

/** The facts about these events that were told since, in order of topic and offset; what is no fact is left out. */
export async function readFactsSince(world: World, since: Ends, halls: readonly Hall[]): Promise<Fact[]> {
  const ids = new Set(halls.map(({ eventId }) => eventId));
  const ends = new Map([...(await endsOf(world))].filter(([place, end]) => end > (since.get(place) ?? 0)));
  const facts: Fact[] = [];
  if (ends.size === 0) return facts;
  const groupId = `faults-${randomUUID()}`;
  const consumer = createKafka({ brokers: world.brokers(), clientId: "faults-reader" }).consumer({ groupId });
  await consumer.connect();
  await consumer.subscribe({ topics: TOPICS, fromBeginning: true });
  const { promise, resolve } = Promise.withResolvers<void>();
  await consumer.run({
    autoCommit: false,
    eachBatch: async ({ batch: { topic, partition, messages } }) => {
      const place = `${topic}/${partition}`;
      for (const { value, offset } of messages) {
        const parsed = parseFact(topic, value);
        if (Number(offset) >= (since.get(place) ?? 0) && parsed.ok && ids.has(eventOf(parsed.fact)))
          facts.push(parsed.fact);
      }
      if (Number(messages.at(-1)?.offset ?? -1) + 1 >= (ends.get(place) ?? 0)) ends.delete(place);
      if (ends.size === 0) resolve();
    },
  });
  for (const [place, offset] of since) {
    const [topic, partition] = place.split("/") as [string, string];
    if (ends.has(place)) consumer.seek({ topic, partition: Number(partition), offset: String(offset) });
  }
  await promise;
  await consumer.disconnect();
  return facts;
}

const eventOf = (fact: Fact): string => (fact.data as { eventId?: string }).eventId ?? fact.subject;
