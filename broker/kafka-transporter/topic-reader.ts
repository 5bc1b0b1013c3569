import { setTimeout as delay } from "node:timers/promises";
import type { Kafka, KafkaMessage } from "kafkajs";
import { type PartitionClient, partitionClient } from "./partition.client.ts";

const MIB = 1024 * 1024;
/** A fetch comes back with the first packet; this only bounds how long an idle one delays a stop. */
const FETCH_WAIT_MS = 250;
const FETCH_BYTES = 4 * MIB;
/** A broker that restarts, or a topic that gets another leader, may take this long. */
const LOST_AFTER_MS = 2_000;
const PAUSE_MS = 100;
/** What a new connection helps against at once, and what is no longer there. */
const LOST: ReadonlySet<unknown> = new Set(["KafkaJSRequestTimeoutError", "OFFSET_OUT_OF_RANGE"]);

interface TopicReaderOptions {
  kafka: Kafka;
  topic: string;
  /** The offset that is read first. */
  from: bigint;
  onMessage: (message: KafkaMessage) => void;
}

/**
 * Reads a topic of one partition in its order, in no consumer group. Its connection is its own: a broker answers the requests
 * of one in turn, and a fetch that waits for a packet would hold up all behind it.
 */
export class TopicReader {
  readonly #topic: string;
  readonly #onMessage: (message: KafkaMessage) => void;
  readonly #client: PartitionClient;
  #position: bigint;
  #closed = false;

  constructor({ kafka, topic, from, onMessage }: TopicReaderOptions) {
    this.#topic = topic;
    this.#onMessage = onMessage;
    this.#client = partitionClient(kafka);
    this.#position = from;
  }

  /** The next offset to read. */
  get position(): bigint {
    return this.#position;
  }

  async connect(): Promise<void> {
    await this.#client.connect();
    await this.#client.addMultipleTargetTopics([this.#topic]);
  }

  /** Reads until it is closed. Rejects when nothing could be read for seconds, or what comes next is no longer there. */
  async read(): Promise<void> {
    let readAt = performance.now();
    while (!this.#closed) {
      try {
        await this.#fetch();
        readAt = performance.now();
      } catch (error) {
        if (this.#closed) break;
        if (isLost(error as KafkaError) || performance.now() - readAt > LOST_AFTER_MS) throw error;
        await delay(PAUSE_MS, undefined, { ref: false });
        // Another broker may lead the topic now. While none answers, the next fetch says so.
        await this.#client.refreshMetadata().catch(() => undefined);
      }
    }
    // It may have connected again while it was closed.
    await this.#client.disconnect();
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#client.disconnect();
  }

  async #fetch(): Promise<void> {
    const [nodeId = "none"] = Object.keys(this.#client.findLeaderForPartitions(this.#topic, [0]));
    const broker = await this.#client.findBroker({ nodeId });
    const wanted = { partition: 0, fetchOffset: String(this.#position), maxBytes: FETCH_BYTES };
    const { responses } = await broker.fetch({
      maxWaitTime: FETCH_WAIT_MS,
      minBytes: 1,
      topics: [{ topic: this.#topic, partitions: [wanted] }],
    });
    // Whoever took its place reads on from the position.
    if (this.#closed) return;
    for (const message of responses[0]?.partitions[0]?.messages ?? []) {
      const offset = BigInt(message.offset);
      // A broker hands out whole batches, and the first may begin before the position.
      if (offset < this.#position) continue;
      this.#position = offset + 1n;
      this.#onMessage(message);
    }
  }
}

interface KafkaError extends Error {
  type?: string;
}

const isLost = ({ name, type }: KafkaError) => LOST.has(name) || LOST.has(type);
