import type { Kafka } from "kafkajs";
import { deadLetterTopic, KAFKA_TOPICS, type Topic } from "#contracts/topics.ts";
import { readFacts, type TopicRecord } from "#mixins/fact-reader.ts";
import { type ReadRecord, readRecord } from "#mixins/fact-record.ts";
import { RETRY_NOTE, type RetryMark, retryMarkOf } from "#mixins/retry-mark.ts";
import { StackError } from "#stack/stack-error.ts";

export const FACT_TOPICS: readonly Topic[] = Object.values(KAFKA_TOPICS);

/** A record that a consumer would not apply. */
export interface Letter {
  /** Of the fact. */
  topic: string;
  /** Among the topic's dead letters, as `0:17`. */
  place: string;
  time: Date;
  key: Buffer | null;
  value: Buffer | null;
  headers: Record<string, string>;
  /** Undefined for what is no fact at all; `trouble` then says why. */
  fact?: ReadRecord["fact"];
  trouble?: string;
  reason: string;
  /** Undefined in what a relay cut, since no topic took it whole. */
  consumer?: string | undefined;
  /** Where the record lay on its topic, as `3@4711`. */
  lay?: string | undefined;
  /** Of a dead letter that was retried, and refused again. */
  retry?: RetryMark | undefined;
}

/** Somebody was about to publish a letter again. */
export interface Note {
  by: string;
  time: Date;
}

export interface Letters {
  /** In the order of time. */
  all: Letter[];
  /** By the name of the letter. */
  notes: Map<string, Note>;
}

/** Dead letters are few. */
const READ_WITHIN_MS = 60_000;

/** `payment.success.dlq/0@17`: as the headers of a retry name a letter. */
export const nameOf = ({ topic, place }: Pick<Letter, "topic" | "place">): string =>
  `${deadLetterTopic(topic)}/${place.replace(":", "@")}`;

/** All dead letters of the topics that were published since then. Rejects when Kafka is away. */
export async function readLetters(
  kafka: Kafka,
  topics: readonly string[],
  from: Date | "beginning" = "beginning",
): Promise<Letters> {
  const letters: Letters = { all: [], notes: new Map() };
  const wish = { topics: topics.map(deadLetterTopic), from, withinMs: READ_WITHIN_MS };
  const { complete } = await readFacts(kafka, wish, (records) => {
    for (const { record } of records) {
      const retried = record.headers[RETRY_NOTE];
      const by = retryMarkOf(record.headers)?.by ?? "somebody";
      if (retried === undefined) letters.all.push(letterOf(record));
      else letters.notes.set(retried, { by, time: record.timestamp });
    }
  });
  if (!complete) throw new StackError("The dead letters were not read to their end in a minute: name one topic");
  letters.all.sort((a, b) => a.time.getTime() - b.time.getTime());
  return letters;
}

function letterOf({ topic: own, partition, offset, key, value, timestamp, headers }: TopicRecord["record"]): Letter {
  const topic = own.replace(/\.dlq$/, "");
  const read = readRecord({ topic, partition, offset, key, value });
  const { "eventix-partition": lay, "eventix-offset": at } = headers;
  return {
    ...{ topic, place: `${partition}:${offset}`, time: timestamp, key, value, headers },
    ...(read.fact ? { fact: read.fact } : { trouble: read.reason }),
    reason: headers["eventix-reason"] ?? "no reason is given",
    consumer: headers["eventix-consumer"],
    lay: lay === undefined ? undefined : `${lay}@${at}`,
    retry: retryMarkOf(headers),
  };
}
