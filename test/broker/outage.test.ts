import assert from "node:assert/strict";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { ServiceBroker } from "moleculer";
import { brokerOptions } from "#broker/broker.options.ts";
import { KafkaTransporter } from "#broker/kafka-transporter/kafka.transporter.ts";
import { TcpProxy } from "../support/tcp-proxy.ts";
import { Cluster, KAFKA_BROKERS, loggerTo, until, untilServed } from "./support/cluster.ts";

const cluster = new Cluster();
after(() => cluster.stop());

/** A node whose way to Kafka is a proxy, and what it has logged. */
async function startBehindProxy(nodeId: string) {
  const proxy = await TcpProxy.to(KAFKA_BROKERS.split(",")[0] as string);
  const lines: { level: string; msg: string }[] = [];
  const logger = loggerTo((line) => lines.push(JSON.parse(line)));
  const options = brokerOptions({ ...cluster.config(nodeId), logLevel: "debug" }, logger);
  const { socketFactory } = proxy;
  options.transporter = new KafkaTransporter({ brokers: KAFKA_BROKERS.split(","), kafka: { socketFactory } });
  const broker = new ServiceBroker(options);
  broker.createService({ name: nodeId, actions: { who: { access: "anyone", handler: () => nodeId } } } as never);
  await broker.start();
  cluster.brokers.push(broker);
  after(() => proxy.close());
  // That another node is not heard is Moleculer's to say, once a node.
  const ofKafka = () => lines.filter(({ msg }) => !msg.startsWith("Heartbeat is not received"));
  const said = (levels: string[]) => ofKafka().flatMap(({ level, msg }) => (levels.includes(level) ? [msg] : []));
  return { proxy, broker, lines, said };
}

test("a node without Kafka says so once, not at each retry, and once when Kafka is back and it is called again", async () => {
  const caller = await cluster.start("caller");
  const { proxy, lines, said } = await startBehindProxy("cut-off");
  await untilServed(caller, "cut-off.who", ["cut-off"]);
  await proxy.refuse(true);
  proxy.cut();
  await until("retries", () => lines.filter(({ msg }) => msg.startsWith("kafkajs ")).length > 20);
  // On a slow machine the outage is long enough for the registry to miss the other node, and to say so.
  const troubles = () => said(["warn", "error"]).filter((msg) => msg.includes("Kafka"));
  assert.match(troubles().join("\n"), /^Trouble with Kafka: [^\n]*$/);
  await proxy.refuse(false);
  await until("the good news", () => said(["info"]).some((msg) => msg.startsWith("Kafka answers again")));
  await until("an answer", () => caller.call("cut-off.who").catch(() => undefined));
  assert.equal(troubles().length, 1);
  assert.equal(said(["info"]).filter((msg) => msg.startsWith("Kafka answers again")).length, 1);
});

test("nodes hear each other again after Kafka stood still for longer than its clients wait", async () => {
  const [one, two] = [await startBehindProxy("one"), await startBehindProxy("two")];
  const ask = (node: typeof one, other: string) =>
    node.broker.call(`${other}.who`, {}, { timeout: 500 }).catch(() => "");
  const both = async () => (await ask(one, "two")) === "two" && (await ask(two, "one")) === "one";
  await until("both to answer", both);
  for (const { proxy, broker } of [one, two]) {
    proxy.stall("both", true);
    // A node that leaves: the way out is made anew, now or never.
    broker.localBus.emit("$node.disconnected", { node: { id: "gone" }, unexpected: false });
  }
  // Longer than a request waits for its answer: who connects meanwhile gives up, and kafkajs says nothing of it.
  await sleep(7_000);
  for (const { proxy } of [one, two]) proxy.stall("both", false);
  await until("both to answer again", both);
});

test("a node stops within seconds though Kafka takes everything and answers nothing", async () => {
  const { proxy, broker } = await startBehindProxy("unheard");
  proxy.drop("both", true);
  const since = performance.now();
  await broker.stop();
  assert.ok(performance.now() - since < 8_000, `${Math.round(performance.now() - since)} ms`);
});
