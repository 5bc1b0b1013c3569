import { type Fact, parseFact } from "#contracts/events.ts";
import { deadLetterTopic, KAFKA_TOPICS } from "#contracts/topics.ts";
import type { TopicRecord } from "#mixins/fact-reader.ts";
import { RETRY_NOTE, retryMarkOf } from "#mixins/retry-mark.ts";

/** A record as the tap shows it. */
export interface Tapped {
  topic: string;
  key: string;
  /** The fact's own; of a dead letter, and of what is no fact, when it was published. */
  time: Date;
  /** Also in a dead letter, where it can be read. */
  fact?: Fact;
  /** Why it is a dead letter, or no fact. */
  trouble?: string;
  /** As it lies on the topic. */
  value: string;
}

const FACT_TOPICS = new Map<string, string>(
  Object.values(KAFKA_TOPICS).map((topic) => [deadLetterTopic(topic), topic]),
);

export function tapped(read: TopicRecord): Tapped {
  const { topic, key, value, timestamp, headers } = read.record;
  const shown = { topic, key: String(key ?? ""), value: String(value ?? "") };
  const factTopic = FACT_TOPICS.get(topic);
  if (factTopic !== undefined) {
    const parsed = parseFact(factTopic, value);
    return { ...shown, time: timestamp, trouble: refusal(headers), ...(parsed.ok && { fact: parsed.fact }) };
  }
  if (read.fact) return { ...shown, time: new Date(read.fact.time), fact: read.fact };
  return { ...shown, time: timestamp, trouble: read.reason };
}

function refusal(headers: Record<string, string>): string {
  const { "eventix-consumer": consumer, "eventix-reason": reason = "no reason is given" } = headers;
  if (headers[RETRY_NOTE] !== undefined)
    return `${headers[RETRY_NOTE]} is retried by ${retryMarkOf(headers)?.by ?? "somebody"}`;
  return consumer === undefined ? reason : `${consumer}: ${reason}`;
}
