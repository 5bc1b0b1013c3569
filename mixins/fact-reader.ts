import type { IHeaders, Kafka, KafkaMessage } from "kafkajs";
import {
  type FetchedPartition,
  type PartitionClient,
  partitionClient,
} from "#broker/kafka-transporter/partition.client.ts";
import { FACT_PARTITIONER } from "./fact-partitioner.ts";
import { type FactRecord, type ReadRecord, readRecord } from "./fact-record.ts";

export interface FactWish {
  /** Dead letter topics too; their records are handed over unread. */
  topics: readonly string[];
  /** A time is that of publishing. */
  from: "beginning" | "end" | Date;
  /** Only the partition that holds this key, of each topic. */
  key?: string;
}

/** A record with the fact in it, or the reason why it is none. */
export type TopicRecord = ReadRecord & { record: FactRecord & { timestamp: Date; headers: Record<string, string> } };

/** A partition, and how far it has been read. */
export interface ReadPartition {
  readonly topic: string;
  readonly partition: number;
  /** The offset that is read next. */
  position: bigint;
  /** The offset after the last record, as last heard. */
  end: bigint;
}

const PARTITION_BYTES = 1024 * 1024;
const EARLIEST = -2;
const LATEST = -1;

/**
 * Reads topics of facts beside their consumers: in no group, without a trace on the broker, from wherever it is told to.
 * Positions outlive a lost connection: whoever calls `fetch` again goes on where it was.
 */
export class FactReader {
  readonly #kafka: Kafka;
  readonly #wish: FactWish;
  #client: PartitionClient | undefined;
  #closed = false;

  constructor(kafka: Kafka, wish: FactWish) {
    this.#kafka = kafka;
    this.#wish = wish;
  }

  /** All partitions that are to be read, where reading begins. Rejects when Kafka is away or a topic does not exist. */
  async open(): Promise<ReadPartition[]> {
    const client = await this.#connected();
    const places = this.#wish.topics.flatMap((topic) => this.#partitionsOf(client, topic));
    const { from } = this.#wish;
    const ends = await offsetsAt(client, places, LATEST);
    const starts =
      from === "end" ? ends : await offsetsAt(client, places, from === "beginning" ? EARLIEST : from.getTime());
    return places.map((place) => {
      const end = ends.get(nameOf(place)) ?? 0n;
      const start = starts.get(nameOf(place)) ?? end;
      // -1: nothing was published as late as that.
      return { ...place, position: start < 0n || start > end ? end : start, end };
    });
  }

  /**
   * What comes next in these partitions, in the order of each, and puts their positions after it. Waits up to `waitMs` for
   * something to come. Rejects, without moving a position, when Kafka is away.
   */
  async fetch(partitions: readonly ReadPartition[], waitMs: number): Promise<TopicRecord[]> {
    try {
      const client = await this.#connected();
      const answers = await Promise.all(
        [...byLeader(client, partitions)].map(([nodeId, led]) => fetchFrom(client, nodeId, led, waitMs)),
      );
      return answers.flat().flatMap(take);
    } catch (error) {
      if ((error as { type?: string }).type === "OFFSET_OUT_OF_RANGE") return this.#backIntoRange(partitions);
      // A leader may have moved, a broker may be gone: the next call begins with a connection of its own.
      await this.#disconnect();
      throw error;
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#disconnect();
  }

  async #disconnect(): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    await client?.disconnect().catch(() => {});
  }

  async #connected(): Promise<PartitionClient> {
    if (this.#client) return this.#client;
    const client = partitionClient(this.#kafka);
    try {
      await client.connect();
      await client.addMultipleTargetTopics(this.#wish.topics);
      if (this.#closed) throw new Error("closed while it connected");
    } catch (error) {
      await client.disconnect().catch(() => {});
      throw error;
    }
    this.#client = client;
    return client;
  }

  #partitionsOf(client: PartitionClient, topic: string): { topic: string; partition: number }[] {
    const { key } = this.#wish;
    const partitionMetadata = client.findTopicPartitionMetadata(topic);
    if (key !== undefined) {
      return [{ topic, partition: partitioner({ topic, partitionMetadata, message: { key, value: null } }) }];
    }
    return partitionMetadata.map(({ partitionId }) => ({ topic, partition: partitionId }));
  }

  /** Retention removed what was to be read next, or the topic was made anew: goes on with the oldest that is there. */
  async #backIntoRange(partitions: readonly ReadPartition[]): Promise<TopicRecord[]> {
    const client = await this.#connected();
    const oldest = await offsetsAt(client, partitions, EARLIEST);
    const ends = await offsetsAt(client, partitions, LATEST);
    for (const place of partitions) {
      const [start, end] = [oldest.get(nameOf(place)) ?? 0n, ends.get(nameOf(place)) ?? 0n];
      if (place.position < start || place.position > end) place.position = start;
      place.end = end;
    }
    return [];
  }
}

interface Bounded extends FactWish {
  /** Reading is given up after this. */
  withinMs: number;
}

/**
 * Hands over all that is on the topics at the time of the call, in batches; each holds every partition in its order, and
 * partitions in any order to one another. Resolves with `false` when there was no time to read to the end.
 */
export async function readFacts(
  kafka: Kafka,
  { withinMs, ...wish }: Bounded,
  each: (records: TopicRecord[]) => void | Promise<void>,
): Promise<{ complete: boolean }> {
  const reader = new FactReader(kafka, wish);
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, withinMs, undefined);
  });
  try {
    const places = await Promise.race([reader.open(), late]);
    if (!places) return { complete: false };
    const ends = new Map(places.map((place) => [nameOf(place), place.end]));
    const endOf = (place: Place) => ends.get(nameOf(place)) as bigint;
    for (;;) {
      const behind = places.filter((place) => place.position < endOf(place));
      if (behind.length === 0) return { complete: true };
      const records = await Promise.race([reader.fetch(behind, FULL_WAIT_MS), late]);
      if (!records) return { complete: false };
      const wanted = records.filter(({ record }) => BigInt(record.offset) < endOf(record));
      if (wanted.length > 0) await each(wanted);
    }
  } finally {
    clearTimeout(timer);
    await reader.close();
  }
}

/** There is something to read wherever it is asked for, so this is hardly ever waited for. */
const FULL_WAIT_MS = 100;

const partitioner = FACT_PARTITIONER();

type Place = Pick<ReadPartition, "topic" | "partition">;
const nameOf = ({ topic, partition }: Place) => `${topic}/${partition}`;

async function offsetsAt(
  client: PartitionClient,
  places: readonly Place[],
  time: number,
): Promise<Map<string, bigint>> {
  const wanted = Map.groupBy(places, ({ topic }) => topic);
  const found = await client.fetchTopicsOffset(
    [...wanted].map(([topic, partitions]) => ({
      topic,
      partitions: partitions.map(({ partition }) => ({ partition })),
      fromTimestamp: time,
    })),
  );
  return new Map(
    found.flatMap(({ topic, partitions }) =>
      partitions.map(({ partition, offset }) => [nameOf({ topic, partition }), BigInt(offset)]),
    ),
  );
}

function byLeader(client: PartitionClient, partitions: readonly ReadPartition[]): Map<string, ReadPartition[]> {
  return Map.groupBy(partitions, ({ topic, partition }) => {
    const [nodeId] = Object.keys(client.findLeaderForPartitions(topic, [partition]));
    if (nodeId === undefined) throw new Error(`${topic}/${partition} has no leader`);
    return nodeId;
  });
}

interface Answer {
  place: ReadPartition;
  fetched: FetchedPartition;
  /** Nothing else was asked for: an empty answer then means that there is nothing. */
  alone: boolean;
}

async function fetchFrom(
  client: PartitionClient,
  nodeId: string,
  led: readonly ReadPartition[],
  waitMs: number,
): Promise<Answer[]> {
  const broker = await client.findBroker({ nodeId });
  const topics = [...Map.groupBy(led, ({ topic }) => topic)].map(([topic, partitions]) => ({
    topic,
    partitions: partitions.map(({ partition, position }) => ({
      partition,
      fetchOffset: String(position),
      maxBytes: PARTITION_BYTES,
    })),
  }));
  const { responses } = await broker.fetch({ maxWaitTime: waitMs, minBytes: 1, topics });
  const places = new Map(led.map((place) => [nameOf(place), place]));
  return responses.flatMap(({ topicName: topic, partitions }) =>
    partitions.flatMap((fetched) => {
      const place = places.get(nameOf({ topic, partition: fetched.partition }));
      return place ? [{ place, fetched, alone: led.length === 1 }] : [];
    }),
  );
}

/** Reads an answer's records and puts the position after them. */
function take({ place, fetched, alone }: Answer): TopicRecord[] {
  const { messages, highWatermark } = fetched;
  place.end = BigInt(highWatermark);
  const next = messages.filter(({ offset }) => BigInt(offset) >= place.position);
  const last = next.at(-1);
  if (last) place.position = BigInt(last.offset) + 1n;
  // Compaction took what was here and left its batch, without saying how far that reached.
  else if (place.position < place.end && (messages.length > 0 || alone)) place.position += 1n;
  return next.filter(({ isControlRecord }) => !isControlRecord).map((message) => topicRecord(place, message));
}

function topicRecord(
  { topic, partition }: Place,
  { offset, key, value, timestamp, headers }: KafkaMessage,
): TopicRecord {
  const record = {
    topic,
    partition,
    offset,
    key,
    value,
    timestamp: new Date(Number(timestamp)),
    headers: texts(headers),
  };
  return { ...readRecord(record), record };
}

const texts = (headers: IHeaders = {}): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));
