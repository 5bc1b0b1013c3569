import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { Admin, Kafka, Producer } from "kafkajs";
import { createKafka } from "#broker/kafka.client.ts";
import { FACT_PARTITIONER } from "#mixins/fact-partitioner.ts";
import { FactReader, type FactWish, readFacts, type TopicRecord } from "#mixins/fact-reader.ts";
import { eventually, kafka, makeTopic } from "../facts/fixture.ts";

let admin: Admin;
let producer: Producer;

before(async () => {
  admin = kafka.admin();
  producer = kafka.producer({ createPartitioner: FACT_PARTITIONER, allowAutoTopicCreation: false });
  await Promise.all([admin.connect(), producer.connect()]);
});
after(() => Promise.all([admin.disconnect(), producer.disconnect()]));

const newTopic = (settings?: Record<string, string>, partitions = 3) =>
  makeTopic(`reader.${randomUUID()}`, settings, partitions);
const put = (topic: string, ...values: string[]) =>
  producer.send({ topic, messages: values.map((value) => ({ key: value, value })) });

async function read(wish: Omit<FactWish, "from"> & { from?: FactWish["from"] }, withinMs = 10_000) {
  const records: TopicRecord[] = [];
  const { complete } = await readFacts(kafka, { from: "beginning", withinMs, ...wish }, (batch) => {
    records.push(...batch);
  });
  return { complete, records, values: records.map(({ record }) => String(record.value)).sort() };
}

test("a bounded read gives all that is there when it begins, of full and of empty partitions, and ends", async () => {
  const [full, empty] = await Promise.all([newTopic(), newTopic()]);
  const values = Array.from({ length: 3_000 }, (_, n) => `v${n}`);
  await put(full, ...values);
  const { complete, values: seen } = await read({ topics: [full, empty] });
  assert.equal(complete, true);
  assert.deepEqual(seen, values.sort());
});

test("a bounded read does not run after what is written while it reads", async () => {
  const topic = await newTopic({}, 1);
  await put(topic, "before");
  const seen: string[] = [];
  const { complete } = await readFacts(
    kafka,
    { topics: [topic], from: "beginning", withinMs: 10_000 },
    async (batch) => {
      seen.push(...batch.map(({ record }) => String(record.value)));
      await put(topic, "meanwhile");
    },
  );
  assert.deepEqual({ complete, seen }, { complete: true, seen: ["before"] });
});

test("the key's partition is the one that the relay publishes the key to", async () => {
  const topic = await newTopic({}, 16);
  const keys = Array.from({ length: 60 }, () => randomUUID());
  await put(topic, ...keys);
  for (const key of keys.slice(0, 5)) {
    const { records } = await read({ topics: [topic], key });
    assert.equal(new Set(records.map(({ record }) => record.partition)).size, 1);
    assert.ok(records.some(({ record }) => String(record.key) === key));
    assert.ok(records.length < 30, "only one partition of 16");
  }
});

test("a read from a time begins with what was published then, and from the end with nothing", async () => {
  const topic = await newTopic();
  await put(topic, "early 1", "early 2", "early 3");
  await sleep(5);
  const time = new Date();
  await sleep(5);
  await put(topic, "late");
  assert.deepEqual((await read({ topics: [topic], from: time })).values, ["late"]);
  assert.deepEqual((await read({ topics: [topic], from: "end" })).values, []);
  assert.deepEqual((await read({ topics: [topic], from: new Date(Date.now() + 60_000) })).values, []);
});

test("what retention has removed is passed over, also when it goes while it is read", async () => {
  const topic = await newTopic({}, 1);
  await put(topic, "a", "b", "c");
  const reader = new FactReader(kafka, { topics: [topic], from: "beginning" });
  after(() => reader.close());
  const places = await reader.open();
  await admin.fetchTopicMetadata({ topics: [topic] });
  await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: "2" }] });
  const seen: TopicRecord[] = [];
  await eventually(async () => {
    seen.push(...(await reader.fetch(places, 50)));
    return seen.length > 0;
  });
  assert.deepEqual(
    seen.map(({ record }) => `${record.offset} ${record.value}`),
    ["2 c"],
  );
  assert.deepEqual((await read({ topics: [topic] })).values, ["c"]);
});

test("a compacted topic is read to its end over the gaps", async () => {
  // What a broker answers of batches 0-3 and 4-9 once compaction left 0, 1 and 8; and of a batch that it left empty, 10-11.
  const batchOf = (offset: number) => (offset < 4 ? [0, 1] : offset < 10 ? [8] : []);
  const seen: string[] = [];
  const { complete } = await readFacts(
    brokerAnswering((offset) => ({ highWatermark: "12", messages: batchOf(offset).map(message) })),
    { topics: ["compacted"], from: "beginning", withinMs: 10_000 },
    (batch) => {
      seen.push(...batch.map(({ record }) => record.offset));
    },
  );
  assert.deepEqual({ complete, seen }, { complete: true, seen: ["0", "1", "8"] });
});

test("what is no fact is handed over with the reason, and a dead letter with its headers", async () => {
  const topic = await newTopic({}, 1);
  await producer.send({
    topic,
    messages: [{ key: "k", value: "not a fact", headers: { "eventix-reason": "broken" } }],
  });
  const { records } = await read({ topics: [topic] });
  const [it] = records;
  assert.equal(it?.fact, undefined);
  assert.match((it as { reason: string }).reason, /no schema|not JSON/);
  assert.deepEqual(it?.record.headers, { "eventix-reason": "broken" });
});

test("following gives what comes, and leaves no group behind", async () => {
  const groupIds = async () => (await admin.listGroups()).groups.map(({ groupId }) => groupId);
  const known = await groupIds();
  const topic = await newTopic();
  await put(topic, "before");
  const reader = new FactReader(kafka, { topics: [topic], from: "end" });
  after(() => reader.close());
  const places = await reader.open();
  const seen: string[] = [];
  await put(topic, "after");
  await eventually(async () => {
    seen.push(...(await reader.fetch(places, 100)).map(({ record }) => String(record.value)));
    return seen.length > 0;
  });
  await reader.close();
  assert.deepEqual(seen, ["after"]);
  const added = (await groupIds()).filter((id) => !known.includes(id));
  assert.deepEqual(added, []);
});

test("a topic that does not exist, and a Kafka that is away, are told", async () => {
  await assert.rejects(read({ topics: [`none.${randomUUID()}`] }), /does not host this topic/);
  const away = createKafka({ brokers: ["127.0.0.1:1"], clientId: "test" });
  await assert.rejects(
    readFacts(away, { topics: ["x"], from: "end", withinMs: 30_000 }, () => {}),
    /ECONNREFUSED/,
  );
});

test("a read that runs out of time says so", async () => {
  const away = createKafka({ brokers: ["127.0.0.1:1"], clientId: "test" });
  assert.deepEqual(await readFacts(away, { topics: ["x"], from: "end", withinMs: 50 }, () => {}), { complete: false });
});

const message = (offset: number) => ({ offset: String(offset), key: null, value: null, timestamp: "0", headers: {} });

/** A client of a broker with one partition, as far as reading asks it. */
function brokerAnswering(fetch: (offset: number) => { highWatermark: string; messages: object[] }): Kafka {
  const offsetsAt = (time: number) => (time === -1 ? fetch(0).highWatermark : "0");
  const client = {
    connect: async () => {},
    disconnect: async () => {},
    addMultipleTargetTopics: async () => {},
    findTopicPartitionMetadata: () => [{ partitionId: 0 }],
    findLeaderForPartitions: () => ({ 1: [0] }),
    fetchTopicsOffset: async ([{ topic, fromTimestamp }]: [{ topic: string; fromTimestamp: number }]) => [
      { topic, partitions: [{ partition: 0, offset: offsetsAt(fromTimestamp) }] },
    ],
    findBroker: async () => ({
      fetch: async ({ topics: [{ topic, partitions }] }: FetchOfOne) => ({
        responses: [{ topicName: topic, partitions: [{ partition: 0, ...fetch(Number(partitions[0].fetchOffset)) }] }],
      }),
    }),
  };
  return { [Symbol("private:Kafka:createCluster")]: () => client } as unknown as Kafka;
}

type FetchOfOne = { topics: [{ topic: string; partitions: [{ fetchOffset: string }] }] };
