import type { Admin, Kafka } from "kafkajs";
import { inboxTopic } from "./topics.ts";

/**
 * Removes the inbox topics of nodes that were killed and never came back. A node that lives is a member of a group named
 * after its inbox; one that just starts may not be yet, so a topic goes only when nobody read it at two looks in a row.
 */
export class GoneInboxes {
  readonly #kafka: Kafka;
  readonly #prefix: string;
  #unread = new Set<string>();

  constructor(kafka: Kafka, prefix: string) {
    this.#kafka = kafka;
    this.#prefix = inboxTopic(prefix, "");
  }

  /** Looks once; returns the topics that it removed. */
  async look(): Promise<string[]> {
    const admin = this.#kafka.admin();
    await admin.connect();
    try {
      const unread = await this.#findUnread(admin);
      const gone = unread.filter((topic) => this.#unread.has(topic));
      if (gone.length > 0) await admin.deleteTopics({ topics: gone });
      this.#unread = new Set(unread.filter((topic) => !gone.includes(topic)));
      return gone;
    } finally {
      await admin.disconnect();
    }
  }

  async #findUnread(admin: Admin): Promise<string[]> {
    const inboxes = (await admin.listTopics()).filter((topic) => topic.startsWith(this.#prefix));
    const { groups } = await admin.listGroups();
    const ours = groups.map(({ groupId }) => groupId).filter((groupId) => groupId.startsWith(this.#prefix));
    const described = ours.length > 0 ? (await admin.describeGroups(ours)).groups : [];
    const alive = described.filter(({ members }) => members.length > 0).map(({ groupId }) => groupId);
    return inboxes.filter((topic) => !alive.some((groupId) => groupId.startsWith(`${topic}.`)));
  }
}
