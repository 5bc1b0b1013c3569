import type { Admin, Kafka } from "kafkajs";
import { inboxTopic, readEnds, withAdmin } from "./topics.ts";

/**
 * Removes the inbox topics of nodes that were killed and never came back: those of no node that is known, to which nothing was
 * written between two looks. A node that just starts is not known yet, and one that is not heard may still be called by others.
 */
export class GoneInboxes {
  readonly #kafka: Kafka;
  readonly #prefix: string;
  readonly #knownNodes: () => Iterable<string>;
  /** The offset after the last packet, by topic. */
  #unknown = new Map<string, bigint>();

  constructor(kafka: Kafka, prefix: string, knownNodes: () => Iterable<string>) {
    this.#kafka = kafka;
    this.#prefix = prefix;
    this.#knownNodes = knownNodes;
  }

  /** Looks once; returns the topics that it removed. */
  look(): Promise<string[]> {
    return withAdmin(this.#kafka, async (admin) => {
      const unknown = await this.#findUnknown(admin);
      const gone = [...unknown].filter(([topic, end]) => this.#unknown.get(topic) === end).map(([topic]) => topic);
      this.#unknown = unknown;
      if (gone.length > 0) await admin.deleteTopics({ topics: gone });
      return gone;
    });
  }

  async #findUnknown(admin: Admin): Promise<Map<string, bigint>> {
    const inboxes = (await admin.listTopics()).filter((topic) => topic.startsWith(inboxTopic(this.#prefix, "")));
    const known = new Set([...this.#knownNodes()].map((node) => inboxTopic(this.#prefix, node)));
    const ends = await readEnds(
      admin,
      inboxes.filter((topic) => !known.has(topic)),
    );
    return new Map([...ends].map(([topic, { high }]) => [topic, high]));
  }
}
