import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Partitioners } from "kafkajs";
import type { Context, ServiceBroker } from "moleculer";
import { createKafka } from "#broker/kafka.client.ts";
import { Cluster, type Definition, failureOf, KAFKA_BROKERS, until, untilServed } from "./support/cluster.ts";

const KEY = { TRANSIT_KEY: "a password for this test only" };
const kafka = createKafka({ brokers: KAFKA_BROKERS.split(","), clientId: "test" });

const till = (): { definition: Definition; rung: string[] } => {
  const rung: string[] = [];
  const ring = (ctx: Context<{ for: string }>) => rung.push(ctx.params.for);
  return { rung, definition: { name: "till", actions: { ring: { access: "anyone", handler: ring } } } };
};

interface Lying {
  topic: string;
  headers: Record<string, Buffer>;
  value: Buffer;
}

/** All that lies in a topic and is still to come, as anyone reads it who may read Kafka. */
async function eavesdrop(topic: string) {
  const heard: Lying[] = [];
  const consumer = kafka.consumer({ groupId: `eavesdropper-${topic}` });
  await consumer.connect();
  await consumer.subscribe({ topics: [topic], fromBeginning: true });
  await consumer.run({
    eachMessage: async ({ message: { headers, value } }) => {
      heard.push({ topic, headers: headers as Lying["headers"], value: value as Buffer });
    },
  });
  return { heard, close: () => consumer.disconnect() };
}

async function write(...messages: Lying[]): Promise<void> {
  const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner });
  await producer.connect();
  for (const { topic, headers, value } of messages) await producer.send({ topic, messages: [{ headers, value }] });
  await producer.disconnect();
}

/** What a till has rung, when a recorded call of it is written to its node's topic again. */
async function afterReplay(env: Record<string, string>): Promise<{ rung: string[]; readable: boolean }> {
  const cluster = new Cluster();
  try {
    const { rung, definition } = till();
    const caller = await cluster.start("caller", { env });
    await cluster.start("till", { env, services: [definition] });
    await untilServed(caller, "till.ring", ["till"]);
    const ear = await eavesdrop(`MOL-${cluster.namespace}.NODE.till`);
    await caller.call("till.ring", { for: "alice" });
    const requests = () => ear.heard.filter(({ headers }) => headers.cmd?.toString() === "REQ");
    await until("the call was overheard", () => requests().length > 0);
    await write(...requests());
    // Written after the replay, so read after it.
    await caller.call("till.ring", { for: "bob" });
    await until("the replay and its successor were overheard", () => requests().length >= 3);
    await ear.close();
    return { rung, readable: requests().some(({ value }) => value.includes("alice")) };
  } finally {
    await cluster.stop();
  }
}

test("without a key, whoever reads Kafka reads calls, and whoever writes it repeats them", async () => {
  assert.deepEqual(await afterReplay({}), { rung: ["alice", "alice", "bob"], readable: true });
});

test("with a key calls cannot be read, and a call written again is not served again", async () => {
  assert.deepEqual(await afterReplay(KEY), { rung: ["alice", "bob"], readable: false });
});

describe("in a cluster with a key", () => {
  const cluster = new Cluster();
  const { rung, definition } = till();
  const lines: string[] = [];
  let caller: ServiceBroker;
  before(async () => {
    caller = await cluster.start("caller", { env: KEY, log: (line) => lines.push(line) });
    await cluster.start("till", { env: KEY, services: [definition] });
    await untilServed(caller, "till.ring", ["till"]);
  });
  after(() => cluster.stop());

  const strangers: Record<string, Record<string, string>> = {
    "no key": {},
    "another key": { TRANSIT_KEY: "another password altogether" },
  };
  for (const [what, env] of Object.entries(strangers)) {
    test(`a node with ${what} cannot call, cannot be called, and is told of`, async () => {
      const id = what.replace(" ", "-");
      const stranger = await cluster.start(id, { env, services: [{ ...definition, name: "trap" }] });
      // What is read after the stranger's greeting has been read: so was the greeting.
      await cluster.start(`after-${id}`, { env: KEY });
      await until("the next node was met", () => caller.registry.nodes.has(`after-${id}`));
      assert.equal((await failureOf(stranger.call("till.ring", { for: id }))).type, "SERVICE_NOT_FOUND");
      assert.equal((await failureOf(caller.call("trap.ring", { for: id }))).type, "SERVICE_NOT_FOUND");
      assert(!caller.registry.nodes.has(id), "it is in nobody's list");
      assert(!stranger.registry.nodes.has("caller"));
      assert(lines.some((line) => /Refused a packet \w+: it is (not sealed|sealed with another key)/.test(line)));
    });
  }

  test("a packet of one's own making is dropped, whatever it claims to be", async () => {
    const topic = `MOL-${cluster.namespace}.NODE.till`;
    const request = { ver: "4", sender: "caller", id: "1", action: "till.ring", params: { for: "mallory" }, meta: {} };
    const value = Buffer.from(JSON.stringify({ ...request, timeout: 0, level: 1, tracing: false, stream: false }));
    await write({ topic, headers: { cmd: Buffer.from("REQ") }, value });
    await caller.call("till.ring", { for: "alice" });
    assert.deepEqual(rung, ["alice"]);
  });
});
