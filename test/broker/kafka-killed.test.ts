import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { ServiceBroker } from "moleculer";
import { KafkaTransporter } from "#broker/kafka-transporter/kafka.transporter.ts";
import { kafka } from "#stack/kafka/kafka.ts";
import { choosePorts } from "#stack/ports.ts";
import { silent } from "#stack/progress.ts";
import { until, untilServed } from "./support/cluster.ts";

/** Kafka's session of the killed broker has to run out before it may register again. */
const BACK_MS = 90_000;

const home = mkdtempSync(join(tmpdir(), "eventix-killed-"));
mkdirSync(join(home, "logs"));
const ports = await choosePorts(kafka.ports);
const launch = { home, state: {}, ports, say: silent, signal: undefined } as Parameters<typeof kafka.launch>[0];
const brokers = [`127.0.0.1:${ports.kafka}`];
const nodes: ServiceBroker[] = [];
let pid = 0;

async function startKafka(): Promise<void> {
  ({ pid } = await kafka.launch(launch));
  const answers = () =>
    kafka.check({ ports } as Parameters<typeof kafka.check>[0], launch).then(
      () => true,
      () => false,
    );
  await until("Kafka to answer", answers, BACK_MS);
}

async function startNode(nodeID: string): Promise<ServiceBroker> {
  const transporter = new KafkaTransporter({ brokers });
  const node = new ServiceBroker({ nodeID, logger: false, transporter, heartbeatInterval: 1, heartbeatTimeout: 5 });
  node.createService({ name: nodeID, actions: { who: () => nodeID } });
  await node.start();
  nodes.push(node);
  return node;
}

after(async () => {
  await Promise.all(nodes.map((node) => node.stop()));
  if (pid) process.kill(pid, "SIGKILL");
  rmSync(home, { recursive: true, force: true, maxRetries: 5 });
});

test("calls under load each end while Kafka is killed, and are answered again when it is back", async () => {
  await startKafka();
  const [one] = [await startNode("one"), await startNode("two")];
  await untilServed(one, "two.who", ["two"]);
  let loaded = true;
  let answered = 0;
  let failed = 0;
  const load = Promise.all(
    Array.from({ length: 16 }, async () => {
      while (loaded) {
        await one.call("two.who", {}, { timeout: 2_000 }).then(
          () => answered++,
          async () => {
            failed++;
            await sleep(20);
          },
        );
      }
    }),
  );
  await until("answers", () => answered > 100);
  process.kill(pid, "SIGKILL");
  await until("failures", () => failed > 100, BACK_MS);
  await startKafka();
  const before = answered;
  await until("answers again", () => answered > before + 500, BACK_MS);
  loaded = false;
  await load;
});
