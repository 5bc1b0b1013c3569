import { randomUUID } from "node:crypto";
import type { Admin, Consumer, EachBatchPayload, Kafka, KafkaMessage } from "kafkajs";
import type { KafkaLogger } from "./kafka.connection.ts";
import { readEnds } from "./topics.ts";

const MIB = 1024 * 1024;
/** A fetch comes back with the first packet; this only bounds how long an idle one delays a stop. */
const FETCH_WAIT_MS = 200;
const SESSION_MS = 10_000;
const HEARTBEAT_MS = 3_000;

interface InboxOptions {
  kafka: Kafka;
  admin: Admin;
  topics: string[];
  groupPrefix: string;
  logger: KafkaLogger;
  onMessage: (message: KafkaMessage) => void;
  /** The consumer ended by itself: open another one. */
  onLost: (error: Error) => void;
}

/**
 * Reads topics of one partition each from their end, without committing offsets.
 *
 * kafkajs has no way to assign partitions, so it joins a group of its own, which is removed on `close`. A group without
 * commits starts at "latest", which is resolved at the first fetch and again after every rejoin, and would lose what came in
 * between: so the positions are read before joining, kept here, and sought at every join.
 */
export class Inbox {
  readonly #options: InboxOptions;
  readonly #consumer: Consumer;
  readonly #groupId: string;
  readonly #positions: Map<string, bigint>;
  #closing = false;

  private constructor(options: InboxOptions, positions: Map<string, bigint>) {
    this.#options = options;
    this.#positions = positions;
    this.#groupId = `${options.groupPrefix}.${randomUUID()}`;
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
    const ends = await readEnds(options.admin, options.topics);
    const positions = new Map<string, bigint>();
    for (const [topic, { low, high }] of ends) {
      const wanted = resume?.get(topic) ?? high;
      // Outside of its bounds the topic was removed and made anew: all in it is new to us.
      positions.set(topic, wanted < low || wanted > high ? low : wanted);
    }
    const inbox = new Inbox(options, positions);
    await inbox.#start();
    return inbox;
  }

  /** The next offset to read by topic. */
  get positions(): ReadonlyMap<string, bigint> {
    return this.#positions;
  }

  /** Stops reading and removes the group. */
  async close(): Promise<void> {
    this.#closing = true;
    await this.#consumer.disconnect();
    await this.#options.admin.deleteGroups([this.#groupId]);
  }

  async #start(): Promise<void> {
    const { GROUP_JOIN, CRASH } = this.#consumer.events;
    const joined = new Promise<void>((resolve, reject) => {
      this.#consumer.on(GROUP_JOIN, () => {
        for (const [topic, offset] of this.#positions) {
          this.#consumer.seek({ topic, partition: 0, offset: String(offset) });
        }
        resolve();
      });
      this.#consumer.on(CRASH, ({ payload }) => {
        reject(payload.error);
        if (!this.#closing) this.#options.onLost(payload.error);
      });
    });
    joined.catch(() => undefined);
    await this.#consumer.connect();
    await this.#consumer.subscribe({ topics: this.#options.topics });
    await this.#consumer.run({
      autoCommit: false,
      partitionsConsumedConcurrently: this.#options.topics.length,
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
