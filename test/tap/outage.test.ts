import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, test } from "node:test";
import { Kafka, logLevel } from "kafkajs";
import { FACT_PARTITIONER } from "#mixins/fact-partitioner.ts";
import { FactReader } from "#mixins/fact-reader.ts";
import { follow } from "../../cli/tap/follow.ts";
import { eventually, kafka, makeTopic } from "../facts/fixture.ts";
import { TcpProxy } from "../support/tcp-proxy.ts";

test("following goes on where it was when Kafka is back, and says once that it was away", async () => {
  const [address = ""] = (process.env.KAFKA_BROKERS ?? "").split(",");
  const proxy = await TcpProxy.to(address);
  const topic = await makeTopic(`follow.${randomUUID()}`);
  const producer = kafka.producer({ createPartitioner: FACT_PARTITIONER });
  await producer.connect();
  after(() => Promise.all([producer.disconnect(), proxy.close()]));
  const put = (value: string) => producer.send({ topic, messages: [{ key: value, value }] });

  let connections = 0;
  const behindProxy = new Kafka({
    brokers: [address],
    socketFactory: (options) => {
      connections += 1;
      return proxy.socketFactory(options);
    },
    logLevel: logLevel.NOTHING,
    retry: { retries: 1 },
  });
  const reader = new FactReader(behindProxy, { topics: [topic], from: "beginning" });
  const stop = new AbortController();
  const seen: string[] = [];
  const said: string[] = [];
  const following = follow(reader, {
    signal: stop.signal,
    each: (records) => void seen.push(...records.map(({ value }) => value)),
    away: () => void said.push("away"),
    back: () => void said.push("back"),
  });
  after(async () => {
    stop.abort();
    await reader.close();
    await following;
  });

  await put("before");
  await eventually(() => seen.includes("before"));
  await proxy.refuse(true);
  proxy.cut();
  await eventually(() => said.includes("away"));
  await put("meanwhile");
  // Further attempts must not be told of again.
  const before = connections;
  await eventually(() => connections > before + 4);
  await proxy.refuse(false);
  await eventually(() => seen.includes("meanwhile"));
  await put("after");
  await eventually(() => seen.includes("after"));
  assert.deepEqual({ seen, said }, { seen: ["before", "meanwhile", "after"], said: ["away", "back"] });
});
