import type { Admin, Kafka } from "kafkajs";
import { within } from "./within.ts";

interface Partition {
  topic: string;
  partition: number;
}

/** kafkajs waits for its connections to close. */
const CLOSE_MS = 500;

/** Asks Kafka whether it answers and how far consumer groups are behind, on a connection of its own. */
export class KafkaProbe {
  readonly #kafka: Kafka;
  #admin: Promise<Admin> | undefined;

  constructor(kafka: Kafka) {
    this.#kafka = kafka;
  }

  /** The client's own time-outs end it. */
  async ask(): Promise<void> {
    await this.#asking((admin) => admin.describeCluster());
  }

  /** By `topic/partition`: what the group has not applied yet. Throws when Kafka does not say. */
  lags(group: string, read: readonly Partition[]): Promise<Map<string, number>> {
    const topics = [...new Set(read.map(({ topic }) => topic))];
    return this.#asking(async (admin) => {
      const [committed, ...ends] = await Promise.all([
        admin.fetchOffsets({ groupId: group, topics }),
        ...topics.map(async (topic) => ({ topic, partitions: await admin.fetchTopicOffsets(topic) })),
      ]);
      const next = new Map(
        committed.flatMap(({ topic, partitions }) =>
          partitions.map(({ partition, offset }) => [`${topic}/${partition}`, Number(offset)] as const),
        ),
      );
      return new Map(
        ends.flatMap(({ topic, partitions }) =>
          partitions.map(({ partition, low, high }) => {
            // -1: nothing was committed yet, so the group begins with the oldest that is kept.
            const from = Math.max(next.get(`${topic}/${partition}`) ?? 0, Number(low));
            return [`${topic}/${partition}`, Math.max(0, Number(high) - from)] as const;
          }),
        ),
      );
    });
  }

  async close(): Promise<void> {
    const open = this.#admin;
    this.#admin = undefined;
    await within(
      CLOSE_MS,
      open?.then((admin) => admin.disconnect()),
    );
  }

  async #asking<T>(question: (admin: Admin) => Promise<T>): Promise<T> {
    this.#admin ??= this.#connect();
    const open = this.#admin;
    try {
      return await question(await open);
    } catch (error) {
      // What kafkajs remembers of brokers and leaders may be what is wrong.
      if (this.#admin === open) void this.close();
      throw error;
    }
  }

  async #connect(): Promise<Admin> {
    const admin = this.#kafka.admin();
    await admin.connect();
    return admin;
  }
}
