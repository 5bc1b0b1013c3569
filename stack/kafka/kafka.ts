import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { logFile, PROJECT } from "../home.ts";
import { startDetached } from "../process.ts";
import type { StackServer } from "../server.ts";
import { StackError } from "../stack-error.ts";
import { requireTool, TOOLS } from "../tools.ts";
import { kafkaJars } from "./jars.ts";
import { brokerAnswers, groupsAreServed } from "./topics.ts";

/** One node of Apache Kafka in KRaft mode, broker and controller at once. */
export const kafka: StackServer = {
  name: "kafka",
  title: "Kafka",
  given: ["KAFKA_BROKERS"],
  ports: ["kafka", "controller"],
  stopSignal: "SIGTERM",
  compose: { service: "redpanda", port: 19092, variable: "EVENTIX_KAFKA_PORT" },
  async launch({ home, state, ports, say, signal }) {
    requireTool(TOOLS.java);
    const jars = await kafkaJars(say, signal);
    const folder = join(home, "kafka");
    mkdirSync(folder, { recursive: true });
    const settings = join(folder, "server.properties");
    writeFileSync(settings, properties(join(folder, "data"), ports, state.kafkaSeenAt));
    if (!existsSync(join(folder, "data/meta.properties"))) format(jars, settings);
    const args = [...jvm(jars), "-Xmx512m", "kafka.Kafka", settings];
    return startDetached({ command: "java", args, log: logFile(home, "kafka"), cwd: folder });
  },
  check: ({ ports }) => brokerAnswers({ brokers: [`127.0.0.1:${ports.kafka}`] }),
  prepare: ({ ports }) => groupsAreServed({ brokers: [`127.0.0.1:${ports.kafka}`] }),
  environment: ({ ports }) => ({ KAFKA_BROKERS: `127.0.0.1:${ports.kafka}` }),
};

/** Tuned for a quick start on few cores: the first compiler only, classes from the shared archive, little heap to begin with. */
const jvm = (jars: string): string[] => [
  "-XX:TieredStopAtLevel=1",
  "-XX:+UseSerialGC",
  "-Xshare:auto",
  "-Xms64m",
  "-Djava.awt.headless=true",
  `-Dlog4j2.configurationFile=${join(PROJECT, "stack/kafka/log4j2.properties")}`,
  "-cp",
  join(jars, "*"),
];

function format(jars: string, settings: string): void {
  const id = randomBytes(16).toString("base64url");
  // In one word with its option: one id in 64 begins with a dash and would be read as an option of its own.
  const args = [...jvm(jars), "kafka.tools.StorageTool", "format", `--cluster-id=${id}`, "-c", settings];
  const { status, stdout, stderr } = spawnSync("java", args, { encoding: "utf8" });
  if (status !== 0) throw new StackError(`Kafka could not prepare its folder: ${`${stderr}${stdout}`.trim()}`);
}

function properties(data: string, ports: Record<string, number>, seenAt = ports.kafka): string {
  const settings: Record<string, string | number | boolean> = {
    "process.roles": "broker,controller",
    "node.id": 1,
    "controller.quorum.voters": `1@127.0.0.1:${ports.controller}`,
    listeners: `PLAINTEXT://127.0.0.1:${ports.kafka},CONTROLLER://127.0.0.1:${ports.controller}`,
    "advertised.listeners": `PLAINTEXT://127.0.0.1:${seenAt}`,
    "controller.listener.names": "CONTROLLER",
    "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
    "log.dirs": data,
    // Topics are made with explicit partitions; a misspelt name must fail and not appear.
    "auto.create.topics.enable": false,
    // A consumer group of one process need not wait for others to join.
    "group.initial.rebalance.delay.ms": 0,
    // After a kill the broker may register again only when its old session has run out: 9 s by default.
    "broker.session.timeout.ms": 4_000,
    "broker.heartbeat.interval.ms": 1_000,
    // Pieces of large packets are about a megabyte with their headers.
    "message.max.bytes": 4 * 1024 * 1024,
    "num.partitions": 1,
    "default.replication.factor": 1,
    "offsets.topic.replication.factor": 1,
    "offsets.topic.num.partitions": 1,
    "transaction.state.log.replication.factor": 1,
    "transaction.state.log.min.isr": 1,
    "transaction.state.log.num.partitions": 2,
    "share.coordinator.state.topic.replication.factor": 1,
    "share.coordinator.state.topic.min.isr": 1,
    "num.network.threads": 2,
    "num.io.threads": 4,
    "log.cleaner.dedupe.buffer.size": 16 * 1024 * 1024,
    "log.index.size.max.bytes": 1024 * 1024,
  };
  return Object.entries(settings)
    .map(([name, value]) => `${name}=${value}\n`)
    .join("");
}
