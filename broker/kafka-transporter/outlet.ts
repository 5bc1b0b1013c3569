import { type Admin, type Kafka, Partitioners, type Producer } from "kafkajs";
import { causesOf, isUnusable } from "./errors.ts";
import type { TopicMessages } from "./send-queue.ts";
import { leaderOf } from "./topics.ts";

/** The leader has it: calls are at most once, and a reply lost with a broker is asked for again by its caller. */
const ACKS_LEADER = 1;

/**
 * Publishes without retries, so that no packet arrives twice.
 *
 * A kafkajs producer asks for the metadata of every topic it ever wrote to, whenever it meets a new one, and that fails when
 * any of them has been removed: so it is replaced when a node has left, and before a new topic when one is found missing. And
 * one that connects while the broker stands still takes itself for connected for ever after, and sends nothing: so it is
 * replaced when it says that.
 */
export class Outlet {
  readonly #kafka: Kafka;
  readonly #admin: Admin;
  #producer: Producer;
  /** The topics that the producer has written to. */
  readonly #known = new Set<string>();
  #renewing: Promise<void> | undefined;
  #closed = false;

  private constructor(kafka: Kafka, admin: Admin, producer: Producer) {
    this.#kafka = kafka;
    this.#admin = admin;
    this.#producer = producer;
  }

  static async open(kafka: Kafka): Promise<Outlet> {
    const admin = kafka.admin();
    try {
      await admin.connect();
      return new Outlet(kafka, admin, await connectProducer(kafka));
    } catch (error) {
      await admin.disconnect();
      throw error;
    }
  }

  /** Asks for each topic alone before it is written to: a missing one then fails alone. */
  async learn(topic: string): Promise<number> {
    try {
      return await leaderOf(this.#admin, topic, () => !this.#closed);
    } finally {
      // A closed one that was still asking connects again by itself, and would keep the process from its end.
      if (this.#closed) await this.#admin.disconnect();
    }
  }

  async publish(batch: TopicMessages[]): Promise<void> {
    await this.#renewing;
    const topics = batch.map(({ topic }) => topic);
    if (topics.some((topic) => !this.#known.has(topic))) await this.#admit(topics);
    try {
      await this.#producer.sendBatch({ acks: ACKS_LEADER, topicMessages: batch });
    } catch (error) {
      if (isMissingTopic(error) || isUnusable(error)) this.renew();
      throw error;
    }
  }

  /** Forgets all topics that were written to. */
  renew(): void {
    this.#renewing ??= this.#renew().finally(() => {
      this.#renewing = undefined;
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#renewing;
    await Promise.all([this.#producer.disconnect(), this.#admin.disconnect()]);
  }

  async #admit(topics: string[]): Promise<void> {
    if (this.#known.size > 0) {
      await this.#admin.fetchTopicMetadata({ topics: [...this.#known] }).catch((error) => {
        if (isMissingTopic(error)) this.renew();
      });
      await this.#renewing;
    }
    for (const topic of topics) this.#known.add(topic);
  }

  async #renew(): Promise<void> {
    const old = this.#producer;
    try {
      this.#producer = await connectProducer(this.#kafka);
      this.#known.clear();
    } catch {
      // The brokers are away: the old one connects again by itself, and is replaced at the next failure.
      return;
    }
    // Its requests under way were written to its socket before: they are answered before it closes.
    await old.disconnect();
  }
}

async function connectProducer(kafka: Kafka): Promise<Producer> {
  const producer = kafka.producer({
    allowAutoTopicCreation: false,
    // Metadata are asked for when a topic is new or a leader has moved; by age it would only find removed topics.
    metadataMaxAge: Number.POSITIVE_INFINITY,
    createPartitioner: Partitioners.DefaultPartitioner,
    retry: { retries: 0 },
  });
  try {
    await producer.connect();
    return producer;
  } catch (error) {
    await producer.disconnect();
    throw error;
  }
}

const isMissingTopic = (error: unknown): boolean =>
  causesOf(error).some(({ type }) => type === "UNKNOWN_TOPIC_OR_PARTITION");
