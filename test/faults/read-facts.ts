import { createKafka } from "#broker/kafka.client.ts";
import type { Fact } from "#contracts/events.ts";
import { deadLetterTopic, KAFKA_TOPICS } from "#contracts/topics.ts";
import { readFacts, type TopicRecord } from "#mixins/fact-reader.ts";
import type { Hall } from "./buyer.ts";
import type { Told } from "./publish.ts";
import type { World } from "./world.ts";

const TOPICS = Object.values(KAFKA_TOPICS);
const READ_MS = 60_000;

/** What the topics hold of a run, each partition in its order. */
export interface Reading {
  /** About the run's events; what is no fact is left out. */
  facts: Fact[];
  /** Epoch ms at which each fact, by its id, was first published: its transaction was committed before. */
  publishedAt: Map<string, number>;
  /** Of the records that were asked for, those that are there; as often as they are. */
  arrived: Told[];
}

/** All that was published since about these events, and what there is of `owed`, among dead letters too. */
export async function readTopics(
  world: World,
  since: Date,
  halls: readonly Hall[],
  owed: readonly Told[] = [],
): Promise<Reading> {
  const ids = new Set(halls.map(({ eventId }) => eventId));
  const wanted = new Set(owed.map(nameOf));
  const reading: Reading = { facts: [], publishedAt: new Map(), arrived: [] };
  const take = ({ record, fact }: TopicRecord) => {
    const told = { topic: record.topic, key: String(record.key ?? ""), value: record.value?.toString() ?? null };
    if (wanted.has(nameOf(told))) reading.arrived.push(told);
    if (!fact || !ids.has(eventOf(fact))) return;
    reading.facts.push(fact);
    const at = record.timestamp.getTime();
    reading.publishedAt.set(fact.id, Math.min(at, reading.publishedAt.get(fact.id) ?? at));
  };
  const kafka = createKafka({ brokers: world.brokers(), clientId: "faults-reader" });
  const topics = [...TOPICS, ...(owed.length > 0 ? TOPICS.map(deadLetterTopic) : [])];
  const { complete } = await readFacts(kafka, { topics, from: since, withinMs: READ_MS }, (records) =>
    records.forEach(take),
  );
  if (!complete) throw new Error(`the facts were not read to their end in ${READ_MS / 1_000} s`);
  return reading;
}

/** Kafka clients read an empty value or none alike. */
export const nameOf = ({ topic, key, value }: Told): string => JSON.stringify([topic, key, value ?? ""]);

const eventOf = (fact: Fact): string => (fact.data as { eventId?: string }).eventId ?? fact.subject;
