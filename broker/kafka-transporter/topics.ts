import { setTimeout as delay } from "node:timers/promises";
import type { Admin, Kafka } from "kafkajs";

/** Packets are read within milliseconds; Kafka keeps whole segments, so little more than this can be asked of it. */
const RETENTION_MS = 60_000;
const SEGMENT_BYTES = 16 * 1024 * 1024;
const LEARN_ATTEMPTS = 10;
const LEARN_PAUSE_MS = 100;

/** The topic that every node of the namespace reads. */
export const allTopic = (prefix: string) => `${prefix}.ALL`;

/** The topic that one node reads. Characters that Kafka's names do not have, and the dot, become `_` and their hex code. */
export const inboxTopic = (prefix: string, nodeId: string) =>
  `${prefix}.NODE.${nodeId.replace(/[^A-Za-z0-9-]/g, (char) => `_${char.codePointAt(0)?.toString(16)}`)}`;

/** One partition, for the order of packets, and a short life. */
async function createMissing(admin: Admin, names: string[]): Promise<void> {
  const existing = new Set(await admin.listTopics());
  const missing = names.filter((name) => !existing.has(name));
  if (missing.length === 0) return;
  await admin.createTopics({
    waitForLeaders: true,
    topics: missing.map((topic) => ({
      topic,
      numPartitions: 1,
      configEntries: [
        { name: "cleanup.policy", value: "delete" },
        { name: "retention.ms", value: String(RETENTION_MS) },
        { name: "segment.bytes", value: String(SEGMENT_BYTES) },
      ],
    })),
  });
}

/** The broker that leads the topic, once there is one: a new topic takes a moment to be known to all brokers. */
export async function leaderOf(admin: Admin, topic: string, isWanted: () => boolean): Promise<number> {
  for (let attempt = 1; ; attempt++) {
    try {
      const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
      const leader = topics[0]?.partitions[0]?.leader ?? -1;
      if (leader < 0) throw new Error(`The topic ${topic} has no leader.`);
      return leader;
    } catch (error) {
      if (attempt === LEARN_ATTEMPTS || !isWanted()) throw error;
      await delay(LEARN_PAUSE_MS);
    }
  }
}

/** Creates what is missing, and gives the first and the next offset of each topic's partition. */
export const makeTopics = (kafka: Kafka, names: string[]) =>
  withAdmin(kafka, async (admin) => {
    await createMissing(admin, names);
    return readEnds(admin, names);
  });

/** An admin for this work only: like a producer it fails for good once a topic that it looked at has been removed. */
export async function withAdmin<T>(kafka: Kafka, work: (admin: Admin) => Promise<T>): Promise<T> {
  const admin = kafka.admin();
  await admin.connect();
  try {
    return await work(admin);
  } finally {
    await admin.disconnect();
  }
}

/** The first and the next offset of each topic's partition. */
export async function readEnds(admin: Admin, names: string[]): Promise<Map<string, { low: bigint; high: bigint }>> {
  const ends = await Promise.all(
    names.map(async (name) => {
      const [partition] = await admin.fetchTopicOffsets(name);
      return [name, { low: BigInt(partition?.low ?? 0), high: BigInt(partition?.high ?? 0) }] as const;
    }),
  );
  return new Map(ends);
}
