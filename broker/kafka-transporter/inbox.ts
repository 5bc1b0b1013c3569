import type { Kafka, KafkaMessage } from "kafkajs";
import { TopicReader } from "./topic-reader.ts";
import { makeTopics, withAdmin } from "./topics.ts";

interface InboxOptions {
  kafka: Kafka;
  /** What this node alone reads. */
  ownTopic: string;
  /** What all nodes read. */
  sharedTopic: string;
  onMessage: (message: KafkaMessage) => void;
  /** Reading ended by itself: open another one. */
  onLost: (error: Error) => void;
}

/** Reads a node's own topic and the shared one from their end; creates what is missing. */
export class Inbox {
  readonly #options: InboxOptions;
  readonly #readers: ReadonlyMap<string, TopicReader>;
  #closed = false;

  private constructor(options: InboxOptions, readers: ReadonlyMap<string, TopicReader>) {
    this.#options = options;
    this.#readers = readers;
  }

  /**
   * Resolves when everything published from now on will be read. With `resume`, positions of an earlier inbox, it goes on
   * there as far as the topics still hold them.
   */
  static async open(options: InboxOptions, resume?: ReadonlyMap<string, bigint>): Promise<Inbox> {
    const { kafka, ownTopic, sharedTopic, onMessage } = options;
    const readers = new Map<string, TopicReader>();
    for (const [topic, { low, high }] of await makeTopics(kafka, [sharedTopic, ownTopic])) {
      const wanted = resume?.get(topic) ?? high;
      // Outside of its bounds the topic was removed and made anew: all in it is new to us.
      const from = wanted < low || wanted > high ? low : wanted;
      readers.set(topic, new TopicReader({ kafka, topic, from, onMessage }));
    }
    const inbox = new Inbox(options, readers);
    try {
      await Promise.all([...readers.values()].map((reader) => reader.connect()));
    } catch (error) {
      await inbox.close();
      throw error;
    }
    for (const reader of readers.values()) reader.read().catch((error) => inbox.#lose(error));
    return inbox;
  }

  /** The next offset to read by topic. */
  get positions(): ReadonlyMap<string, bigint> {
    return new Map([...this.#readers].map(([topic, { position }]) => [topic, position]));
  }

  /** Stops reading, and with `removeTopic` removes the node's own topic: it will not come back under its name soon. */
  async close({ removeTopic = false } = {}): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#readers.values()].map((reader) => reader.close()));
    const topics = [this.#options.ownTopic];
    if (removeTopic) await withAdmin(this.#options.kafka, (admin) => admin.deleteTopics({ topics }));
  }

  #lose(error: Error): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#options.onLost(error);
  }
}
