import { type Fact, parseFact } from "#contracts/events.ts";
import { deadLetterTopic } from "#contracts/topics.ts";
import type { DeadLetter } from "./outbox.repository.ts";
import { headersOf, type RetryMark } from "./retry-mark.ts";

/** A Kafka record and its place. */
export interface FactRecord {
  topic: string;
  partition: number;
  offset: string;
  key: Buffer | null;
  value: Buffer | null;
  /** Of a dead letter that was published again. */
  retry?: RetryMark | undefined;
}

export type ReadRecord = { record: FactRecord } & ({ fact: Fact } | { fact?: undefined; reason: string });

/** What a fact is about, and what rounds are told apart by. */
export const subjectOf = ({ data, subject }: Fact): string => {
  if ("bookingId" in data) return data.bookingId;
  return "eventId" in data ? data.eventId : subject.toLowerCase();
};

export function readRecord(record: FactRecord): ReadRecord {
  const parsed = parseFact(record.topic, record.value);
  if (!parsed.ok) return { record, reason: parsed.reason };
  const { fact } = parsed;
  if (subjectOf(fact) !== fact.subject.toLowerCase())
    return { record, reason: "its subject is not what its data is about" };
  return { record, fact };
}

export const placeOf = ({ topic, partition, offset }: FactRecord): string => `${topic}/${partition}@${offset}`;

const REASON_LENGTH = 500;

/** The record as a dead letter: its key and value as they came, and who refused it, where it lay and why. */
export function deadLetterOf(record: FactRecord, consumer: string, reason: string) {
  const { topic, partition, offset, key, value, retry } = record;
  return {
    topic: deadLetterTopic(topic),
    key,
    value,
    headers: {
      "eventix-reason": reason.slice(0, REASON_LENGTH),
      "eventix-consumer": consumer,
      "eventix-partition": String(partition),
      "eventix-offset": offset,
      ...(retry && headersOf(retry)),
    },
  } satisfies DeadLetter;
}
