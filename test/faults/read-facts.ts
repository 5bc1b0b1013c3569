import { createKafka } from "#broker/kafka.client.ts";
import type { Fact } from "#contracts/events.ts";
import { KAFKA_TOPICS } from "#contracts/topics.ts";
import { readFacts } from "#mixins/fact-reader.ts";
import type { Hall } from "./buyer.ts";
import type { World } from "./world.ts";

const TOPICS = Object.values(KAFKA_TOPICS);
const READ_MS = 60_000;

/** The facts about these events that were published since, each partition in its order; what is no fact is left out. */
export async function readFactsSince(world: World, since: Date, halls: readonly Hall[]): Promise<Fact[]> {
  const ids = new Set(halls.map(({ eventId }) => eventId));
  const kafka = createKafka({ brokers: world.brokers(), clientId: "faults-reader" });
  const facts: Fact[] = [];
  const { complete } = await readFacts(kafka, { topics: TOPICS, from: since, withinMs: READ_MS }, (records) => {
    for (const { fact } of records) if (fact && ids.has(eventOf(fact))) facts.push(fact);
  });
  if (!complete) throw new Error(`the facts were not read to their end in ${READ_MS / 1_000} s`);
  return facts;
}

const eventOf = (fact: Fact): string => (fact.data as { eventId?: string }).eventId ?? fact.subject;
