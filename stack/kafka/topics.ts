import { Kafka, logLevel } from "kafkajs";
import { TOPIC_DEFINITIONS, topicSettings } from "#contracts/topics.ts";
import type { Say } from "../progress.ts";

const admin = (brokers: string[], retries: number) =>
  new Kafka({
    clientId: "eventix-stack",
    brokers,
    logLevel: logLevel.NOTHING,
    connectionTimeout: 1_000,
    requestTimeout: 10_000,
    retry: { retries, initialRetryTime: 50, maxRetryTime: 500 },
  }).admin();

/** Resolves when a broker answers and the cluster has a controller. */
export async function brokerAnswers(brokers: string[]): Promise<void> {
  const client = admin(brokers, 0);
  try {
    await client.connect();
    await client.describeCluster();
  } finally {
    await client.disconnect();
  }
}

/** Resolves when consumer groups can be joined: a broker that has just started loads them, and refuses until then. */
export async function groupsAreServed(brokers: string[]): Promise<void> {
  const client = admin(brokers, 20);
  await client.connect();
  try {
    await client.describeGroups(["eventix.stack"]);
  } finally {
    await client.disconnect();
  }
}

/** What is not as it should be with the topics of facts, one sentence each. */
export async function wrongTopics(brokers: string[]): Promise<{ missing: string[]; otherPartitions: string[] }> {
  const client = admin(brokers, 1);
  await client.connect();
  try {
    const there = new Set(await client.listTopics());
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
export async function createTopics(brokers: string[], say: Say): Promise<string[]> {
  const client = admin(brokers, 8);
  await client.connect();
  try {
    const there = new Set(await client.listTopics());
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
