import type { Kafka, KafkaMessage, PartitionMetadata } from "kafkajs";

/** What a broker answers of one partition; messages may begin before the offset that was asked for. */
export interface FetchedPartition {
  partition: number;
  highWatermark: string;
  messages: (KafkaMessage & { isControlRecord: boolean })[];
}

interface FetchedTopic {
  topicName: string;
  partitions: FetchedPartition[];
}

interface FetchRequest {
  maxWaitTime: number;
  minBytes: number;
  topics: { topic: string; partitions: { partition: number; fetchOffset: string; maxBytes: number }[] }[];
}

interface WantedOffsets {
  topic: string;
  partitions: { partition: number }[];
  /** Milliseconds, or -1 for the end and -2 for the beginning. */
  fromTimestamp: number;
}

/** The part of kafkajs's `Cluster` that is used. */
export interface PartitionClient {
  connect(): Promise<void>;
  disconnect(): Promise<void>;
  /** Asks which broker leads which partition. */
  refreshMetadata(): Promise<void>;
  addMultipleTargetTopics(topics: readonly string[]): Promise<void>;
  findTopicPartitionMetadata(topic: string): PartitionMetadata[];
  findLeaderForPartitions(topic: string, partitions: readonly number[]): Record<string, number[]>;
  /** An offset of -1 says that nothing is as late as the timestamp. */
  fetchTopicsOffset(
    wanted: WantedOffsets[],
  ): Promise<{ topic: string; partitions: { partition: number; offset: string }[] }[]>;
  findBroker(leader: {
    nodeId: string;
  }): Promise<{ fetch(request: FetchRequest): Promise<{ responses: FetchedTopic[] }> }>;
}

/**
 * Reads partitions from any offset, in no consumer group. kafkajs offers only group members in public: joining takes a broker
 * with its usual settings three seconds, and a reader that is killed leaves its group behind. What its consumers fetch with
 * knows nothing of groups; it is reached through the client's own factory of it, and so has all of the client's settings.
 */
export function partitionClient(kafka: Kafka): PartitionClient {
  const factory = Object.getOwnPropertySymbols(kafka).find((it) => it.description === "private:Kafka:createCluster");
  if (!factory) throw new Error("This kafkajs has no cluster factory: install the version that package.json names.");
  const create = (kafka as unknown as Record<symbol, (options: object) => PartitionClient>)[factory];
  return (create as NonNullable<typeof create>)({ allowAutoTopicCreation: false, metadataMaxAge: METADATA_MAX_AGE_MS });
}

/** As long as kafkajs's own consumers go without asking again. */
const METADATA_MAX_AGE_MS = 300_000;
