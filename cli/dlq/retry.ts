import type { Kafka, Message } from "kafkajs";
import { deadLetterTopic } from "#contracts/topics.ts";
import { FACT_PARTITIONER } from "#mixins/fact-partitioner.ts";
import { headersOf, RETRY_NOTE } from "#mixins/retry-mark.ts";
import { type Letter, nameOf } from "./letter.ts";

/** Letters noted and then published at a time: what a command that is killed has to do again at most. */
const CHUNK = 100;

/**
 * Publishes the letters again, each with its key, value and with it the fact's id, for the consumer that had refused it.
 *
 * First comes a note among the dead letters, then the record: a command that is killed in between leaves a letter that shows as
 * interrupted, and none that is retried without anybody knowing. `done` is told each chunk once Kafka has acknowledged it.
 */
export async function retry(
  kafka: Kafka,
  letters: readonly Letter[],
  by: string,
  done: (letters: readonly Letter[]) => void,
): Promise<void> {
  const producer = kafka.producer({
    createPartitioner: FACT_PARTITIONER,
    allowAutoTopicCreation: false,
    maxInFlightRequests: 1,
  });
  await producer.connect();
  const send = (letters: readonly Letter[], topicOf: (topic: string) => string, message: (one: Letter) => Message) =>
    producer.sendBatch({
      acks: -1,
      topicMessages: [...Map.groupBy(letters, ({ topic }) => topic)].map(([topic, all]) => ({
        topic: topicOf(topic),
        messages: all.map(message),
      })),
    });
  try {
    for (let from = 0; from < letters.length; from += CHUNK) {
      const chunk = letters.slice(from, from + CHUNK);
      await send(chunk, deadLetterTopic, (letter) => noteOf(letter, by));
      await send(
        chunk,
        (topic) => topic,
        (letter) => recordOf(letter, by),
      );
      done(chunk);
    }
  } finally {
    await producer.disconnect();
  }
}

const noteOf = (letter: Letter, by: string): Message => ({
  key: letter.key,
  value: null,
  headers: { [RETRY_NOTE]: nameOf(letter), ...markOf(letter, by) },
});

const recordOf = (letter: Letter, by: string): Message => ({
  key: letter.key,
  value: letter.value,
  headers: markOf(letter, by),
});

const markOf = (letter: Letter, by: string) => headersOf({ of: nameOf(letter), consumer: letter.consumer ?? "", by });
