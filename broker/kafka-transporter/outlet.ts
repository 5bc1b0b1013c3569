import { type Admin, type Kafka, Partitioners, type Producer } from "kafkajs";
import type { TopicMessages } from "./send-queue.ts";
import { waitForTopic } from "./topics.ts";

/** The leader has it: calls are at most once, and a reply lost with a broker is asked for again by its caller. */
const ACKS_LEADER = 1;

/**
 * Publishes without retries, so that no packet arrives twice.
 *
 * A kafkajs producer asks for the metadata of every topic it ever wrote to, and each such request fails when one of them has
 * been removed: so it is replaced when a node has left.
 */
export class Outlet {
  readonly #kafka: Kafka;
  readonly #admin: Admin;
  #producer: Producer;
  #renewing: Promise<void> | undefined;

  private constructor(kafka: Kafka, admin: Admin, producer: Producer) {
    this.#kafka = kafka;
    this.#admin = admin;
    this.#producer = producer;
  }

  static async open(kafka: Kafka): Promise<Outlet> {
    const admin = kafka.admin();
    await admin.connect();
    return new Outlet(kafka, admin, await connectProducer(kafka));
  }

  /** Asks for each topic alone before it is written to: a missing one then fails alone. */
  learn(topic: string): Promise<void> {
    return waitForTopic(this.#admin, topic);
  }

  async publish(batch: TopicMessages[]): Promise<void> {
    await this.#renewing;
    try {
      await this.#producer.sendBatch({ acks: ACKS_LEADER, topicMessages: batch });
    } catch (error) {
      if ((error as { type?: string }).type === "UNKNOWN_TOPIC_OR_PARTITION") this.renew();
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
    await this.#renewing;
    await Promise.all([this.#producer.disconnect(), this.#admin.disconnect()]);
  }

  async #renew(): Promise<void> {
    const old = this.#producer;
    try {
      this.#producer = await connectProducer(this.#kafka);
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
    createPartitioner: Partitioners.DefaultPartitioner,
    retry: { retries: 0 },
  });
  await producer.connect();
  return producer;
}
