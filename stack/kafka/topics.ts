import kafkajs, { type Admin } from "kafkajs";
import { createKafka, type KafkaAccess, kafkaAccess } from "#broker/kafka.client.ts";
import { TOPIC_DEFINITIONS, topicSettings } from "#contracts/topics.ts";
import { BUS_SETTINGS, type BusValues } from "../../bus-settings.ts";
import { readSettings } from "../../setting.ts";
import type { Say } from "../progress.ts";

const admin = (kafka: KafkaAccess, retries: number) =>
  createKafka({
    ...kafka,
    clientId: "eventix-stack",
    patience: { connectionTimeout: 1_000, retry: { retries, initialRetryTime: 50, maxRetryTime: 500 } },
  }).admin();

/** How the Kafka is reached that an environment names. Its settings have been found valid. */
export const kafkaOf = (env: Record<string, string | undefined>): KafkaAccess =>
  kafkaAccess(readSettings(BUS_SETTINGS, env).values as BusValues);

/** Resolves when a broker answers and the cluster has a controller. */
export async function brokerAnswers(kafka: KafkaAccess): Promise<void> {
  const client = admin(kafka, 0);
  try {
    await client.connect();
    await client.describeCluster();
  } finally {
    await client.disconnect();
  }
}

/** Resolves when consumer groups can be joined: a broker that has just started loads them, and refuses until then. */
export async function groupsAreServed(kafka: KafkaAccess): Promise<void> {
  const client = admin(kafka, 20);
  await client.connect();
  try {
    await client.describeGroups(["eventix.stack"]);
  } finally {
    await client.disconnect();
  }
}

/** kafkajs answers null where it can connect to none of the brokers that it was told of, and then fails on that. */
async function topicNames(client: Admin): Promise<Set<string>> {
  try {
    return new Set(await client.listTopics());
  } catch (error) {
    if (error instanceof TypeError) throw new kafkajs.KafkaJSConnectionError("none of Kafka's brokers can be reached");
    throw error;
  }
}

/** What is not as it should be with the topics of facts, one sentence each. */
export async function wrongTopics(kafka: KafkaAccess): Promise<{ missing: string[]; otherPartitions: string[] }> {
  const client = admin(kafka, 1);
  await client.connect();
  try {
    const there = await topicNames(client);
    const [present, missing] = [true, false].map((is) =>
      TOPIC_DEFINITIONS.filter(({ name }) => there.has(name) === is),
    );
    const { topics } = await client.fetchTopicMetadata({ topics: (present ?? []).map(({ name }) => name) });
    const otherPartitions = topics.flatMap(({ name, partitions: { length } }) => {
      const { partitions } = TOPIC_DEFINITIONS.find((one) => one.name === name) ?? {};
      return length === partitions ? [] : [`${name} has ${length} partitions instead of ${partitions}`];
    });
    return { missing: (missing ?? []).map(({ name }) => name), otherPartitions };
  } finally {
    await client.disconnect();
  }
}

/** Makes the topics of facts that are not there; those that are stay as they are. Returns the names of the new ones. */
export async function createTopics(kafka: KafkaAccess, say: Say): Promise<string[]> {
  const client = admin(kafka, 8);
  await client.connect();
  try {
    const there = await topicNames(client);
    const missing = TOPIC_DEFINITIONS.filter(({ name }) => !there.has(name));
    if (missing.length === 0) return [];
    say(`Making ${missing.length} topics …`);
    const topics = missing.map((topic) => ({
      topic: topic.name,
      numPartitions: topic.partitions,
      configEntries: Object.entries(topicSettings(topic)).map(([name, value]) => ({ name, value })),
    }));
    await client.createTopics({ topics, waitForLeaders: true });
    return missing.map(({ name }) => name);
  } finally {
    await client.disconnect();
  }
}
