import { randomUUID } from "node:crypto";
import type { Admin, Consumer, EachBatchPayload, Kafka, KafkaMessage } from "kafkajs";
import type { KafkaLogger } from "./kafka.connection.ts";
import { createMissing, readEnds } from "./topics.ts";

const MIB = 1024 * 1024;
/** A fetch comes back with the first packet; this only bounds how long an idle one delays a stop. */
const FETCH_WAIT_MS = 200;
const SESSION_MS = 10_000;
const HEARTBEAT_MS = 3_000;

interface InboxOptions {
  kafka: Kafka;
  /** What this node alone reads; its group is named after it. */
  ownTopic: string;
  /** What all nodes read. */
  sharedTopic: string;
  logger: KafkaLogger;
  onMessage: (message: KafkaMessage) => void;
  /** The consumer ended by itself: open another one. */
  onLost: (error: Error) => void;
}

/**
 * Reads a node's own topic and the shared one from their end, without committing offsets; creates what is missing.
 *
 * kafkajs has no way to assign partitions, so it joins a group of its own, which is removed on `close`. A group without
 * commits starts at "latest", which is resolved at the first fetch and again after every rejoin, and would lose what came in
 * between: so the positions are read before joining, kept here, and sought at every join.
 */
export class Inbox {
  readonly #options: InboxOptions;
  /** An admin of its own: like a producer it fails for good once a topic that it looked at has been removed. */
  readonly #admin: Admin;
  readonly #consumer: Consumer;
  readonly #groupId: string;
  readonly #positions: Map<string, bigint>;
  #closing = false;

  private constructor(options: InboxOptions, admin: Admin, positions: Map<string, bigint>) {
    this.#options = options;
    this.#admin = admin;
    this.#positions = positions;
    this.#groupId = `${options.ownTopic}.${randomUUID()}`;
    this.#consumer = options.kafka.consumer({
      groupId: this.#groupId,
      allowAutoTopicCreation: false,
      readUncommitted: true,
      sessionTimeout: SESSION_MS,
      rebalanceTimeout: SESSION_MS,
      heartbeatInterval: HEARTBEAT_MS,
      minBytes: 1,
      maxWaitTimeInMs: FETCH_WAIT_MS,
      maxBytesPerPartition: 4 * MIB,
      maxBytes: 16 * MIB,
      retry: { retries: 5, restartOnFailure: async () => false },
    });
  }

  /**
   * Resolves when everything published from now on will be read. With `resume`, positions of an earlier inbox, it goes on
   * there as far as the topics still hold them.
   */
  static async open(options: InboxOptions, resume?: ReadonlyMap<string, bigint>): Promise<Inbox> {
    const admin = options.kafka.admin();
    await admin.connect();
    try {
      const topics = [options.sharedTopic, options.ownTopic];
      await createMissing(admin, topics);
      const positions = new Map<string, bigint>();
      for (const [topic, { low, high }] of await readEnds(admin, topics)) {
        const wanted = resume?.get(topic) ?? high;
        // Outside of its bounds the topic was removed and made anew: all in it is new to us.
        positions.set(topic, wanted < low || wanted > high ? low : wanted);
      }
      const inbox = new Inbox(options, admin, positions);
      await inbox.#start().catch(async (error) => {
        await inbox.#consumer.disconnect().catch(() => undefined);
        throw error;
      });
      return inbox;
    } catch (error) {
      await admin.disconnect();
      throw error;
    }
  }

  /** The next offset to read by topic. */
  get positions(): ReadonlyMap<string, bigint> {
    return this.#positions;
  }

  /** Stops reading and removes the group, and with `removeTopic` the node's own topic: it will not come back under its name soon. */
  async close({ removeTopic = false } = {}): Promise<void> {
    this.#closing = true;
    try {
      await this.#consumer.disconnect();
      await this.#admin.deleteGroups([this.#groupId]);
      if (removeTopic) await this.#admin.deleteTopics({ topics: [this.#options.ownTopic] });
    } finally {
      await this.#admin.disconnect();
    }
  }

  async #start(): Promise<void> {
    const { GROUP_JOIN, CRASH } = this.#consumer.events;
    let hasJoined = false;
    const joined = new Promise<void>((resolve, reject) => {
      this.#consumer.on(GROUP_JOIN, () => {
        hasJoined = true;
        for (const [topic, offset] of this.#positions) {
          this.#consumer.seek({ topic, partition: 0, offset: String(offset) });
        }
        resolve();
      });
      this.#consumer.on(CRASH, ({ payload }) => {
        reject(payload.error);
        if (hasJoined && !this.#closing) this.#options.onLost(payload.error);
      });
    });
    joined.catch(() => undefined);
    const topics = [...this.#positions.keys()];
    await this.#consumer.connect();
    await this.#consumer.subscribe({ topics });
    await this.#consumer.run({
      autoCommit: false,
      partitionsConsumedConcurrently: topics.length,
      eachBatch: async (payload) => this.#take(payload),
    });
    await joined;
  }

  #take({ batch, isStale }: EachBatchPayload): void {
    for (const message of batch.messages) {
      const offset = BigInt(message.offset);
      // After a rejoin the same batch may come once more.
      if (isStale() || offset < (this.#positions.get(batch.topic) ?? 0n)) continue;
      this.#positions.set(batch.topic, offset + 1n);
      this.#options.onMessage(message);
    }
  }
}
