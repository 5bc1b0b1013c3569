import type { Kafka, Producer, TopicMessages } from "kafkajs";
import type { Logger } from "moleculer";
import { causesOf, isUnusable } from "#broker/kafka-transporter/errors.ts";
import { deadLetterTopic } from "#contracts/topics.ts";
import { FACT_PARTITIONER } from "./fact-partitioner.ts";
import type { OutboxRow } from "./outbox.repository.ts";

/** Longer than Kafka takes when it is well, shorter than idle_in_transaction_session_timeout, which would end the round. */
const SEND_MS = 2_000;
/** What is kept in a dead letter of a row that no topic takes; the rest is in the tables that it was made from. */
const KEPT_BYTES = 256 * 1024;

/**
 * Sends outbox rows to Kafka: acks of all replicas, one request at a time, so that order holds a key within a topic.
 *
 * The producer is a plain one. An idempotent one knows a repeat by its sequence number and count, not by content: after a lost
 * acknowledgement the next round may hold other rows (a lower id committed since), and the broker would drop them as repeats.
 * A plain one repeats rows, which consumers know by their ids.
 */
export class FactPublisher {
  readonly #producer: Producer;
  readonly #logger: Logger;
  #connected = false;
  /** The send that was given up on, until kafkajs has given up too. */
  #unsettled: Promise<unknown> | undefined;

  constructor(kafka: Kafka, logger: Logger) {
    this.#logger = logger;
    this.#producer = kafka.producer({
      allowAutoTopicCreation: false,
      createPartitioner: FACT_PARTITIONER,
      maxInFlightRequests: 1,
      retry: { initialRetryTime: 100, maxRetryTime: 500, retries: 3 },
    });
  }

  /** Connected, and nothing sent earlier can still arrive after what is sent next. Rejects while Kafka is away. */
  async ready(): Promise<void> {
    await this.#unsettled;
    if (this.#connected) return;
    await this.#producer.connect();
    this.#connected = true;
  }

  /** Rejects after two seconds at the latest. A row too large for its topic goes to the dead letters, cut. */
  async publish(rows: OutboxRow[]): Promise<void> {
    try {
      await this.#send(rows);
    } catch (error) {
      if (isUnusable(error)) await this.disconnect();
      if (!isTooLarge(error)) throw error;
      await this.#publishHalves(rows);
    }
  }

  async disconnect(): Promise<void> {
    this.#connected = false;
    await this.#producer.disconnect().catch((error: Error) => this.#logger.debug(`disconnecting: ${error.message}`));
  }

  async #publishHalves(rows: OutboxRow[]): Promise<void> {
    const [only] = rows;
    if (rows.length === 1 && only) {
      this.#logger.error(`outbox row ${only.id} is too large for ${only.topic}: it goes to the dead letters, cut`);
      return this.#send([cut(only)]);
    }
    const middle = Math.ceil(rows.length / 2);
    await this.publish(rows.slice(0, middle));
    await this.publish(rows.slice(middle));
  }

  async #send(rows: OutboxRow[]): Promise<void> {
    const sending = this.#producer.sendBatch({ acks: -1, timeout: SEND_MS, topicMessages: byTopic(rows) });
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<"late">((resolve) => {
      timer = setTimeout(resolve, SEND_MS, "late");
    });
    const outcome = await Promise.race([sending, late]).finally(() => clearTimeout(timer));
    if (outcome !== "late") return;
    this.#unsettled = sending.catch(() => {}).finally(() => (this.#unsettled = undefined));
    throw new Error(`Kafka did not acknowledge ${rows.length} facts within ${SEND_MS} ms`);
  }
}

function byTopic(rows: OutboxRow[]): TopicMessages[] {
  const topics = new Map<string, TopicMessages>();
  for (const { topic, key, value, headers } of rows) {
    const entry = topics.get(topic) ?? { topic, messages: [] };
    topics.set(topic, entry);
    entry.messages.push({ key, value, headers });
  }
  return [...topics.values()];
}

const TOO_LARGE = new Set(["MESSAGE_TOO_LARGE", "RECORD_LIST_TOO_LARGE"]);

/** kafkajs wraps the broker's answer, so the type may lie in a cause. */
const isTooLarge = (error: unknown): boolean => causesOf(error).some(({ type }) => TOO_LARGE.has(type ?? ""));

function cut(row: OutboxRow): OutboxRow {
  const size = row.value?.length ?? 0;
  const headers = {
    ...row.headers,
    "eventix-reason": `too large for ${row.topic}: ${size} bytes, cut to ${KEPT_BYTES}`,
  };
  const topic = row.topic.endsWith(".dlq") ? row.topic : deadLetterTopic(row.topic);
  return { ...row, topic, headers, value: row.value?.subarray(0, KEPT_BYTES) ?? null };
}
