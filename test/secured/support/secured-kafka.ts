import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { KafkaAccess } from "#broker/kafka.client.ts";
import { kafkaJars } from "#stack/kafka/jars.ts";
import { brokerAnswers, groupsAreServed } from "#stack/kafka/topics.ts";
import { freePort } from "#stack/ports.ts";
import { silent } from "#stack/progress.ts";
import { until } from "../../support/until.ts";
import type { Certificates } from "./certificates.ts";

export const LOGIN = { username: "eventix", password: "opens-kafka-only" };

export interface SecuredKafka {
  /** Of the listener that wants TLS with a certificate of ours, and a login. */
  broker: string;
  stop(): Promise<void>;
}

/** A broker of its own that lets nobody in without a certificate of the authority and the login. */
export async function startSecuredKafka(folder: string, certificates: Certificates): Promise<SecuredKafka> {
  const jars = await kafkaJars(silent);
  const [port, inner, controller] = [await freePort(), await freePort(), await freePort()];
  const settings = join(folder, "server.properties");
  writeFileSync(settings, properties(folder, certificates, { port, inner, controller }));
  const java = ["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xmx384m", "-cp", join(jars, "*")];
  const scram = [256, 512].map((bits) => `SCRAM-SHA-${bits}=[name=${LOGIN.username},password=${LOGIN.password}]`);
  const format = ["format", `--cluster-id=${randomBytes(16).toString("base64url")}`, "-c", settings];
  const added = scram.flatMap((one) => ["--add-scram", one]);
  execFileSync("java", [...java, "kafka.tools.StorageTool", ...format, ...added], { stdio: "ignore" });
  const child = spawn("java", [...java, "kafka.Kafka", settings], { stdio: "ignore", cwd: folder });
  const end = () => child.kill("SIGKILL");
  process.on("exit", end);
  const unsecured = { brokers: [`127.0.0.1:${inner}`] };
  await until(() => answers(unsecured, child), { what: "Kafka to answer", ms: 60_000 });
  await groupsAreServed(unsecured);
  return {
    broker: `127.0.0.1:${port}`,
    async stop() {
      process.off("exit", end);
      if (child.exitCode !== null) return;
      child.kill("SIGKILL");
      await once(child, "exit");
    },
  };
}

async function answers(kafka: KafkaAccess, child: ChildProcess): Promise<boolean> {
  if (child.exitCode !== null) throw new Error(`Kafka ended with ${child.exitCode}: ${child.spawnargs.join(" ")}`);
  return brokerAnswers(kafka).then(
    () => true,
    () => false,
  );
}

function properties(
  folder: string,
  { caFile, server }: Certificates,
  { port, inner, controller }: Record<"port" | "inner" | "controller", number>,
): string {
  const keyStore = join(folder, "keystore.pem");
  writeFileSync(keyStore, server.key + server.cert);
  const login = `required user_${LOGIN.username}="${LOGIN.password}"`;
  const modules = "org.apache.kafka.common.security";
  const listeners = `SECURED://127.0.0.1:${port},INNER://127.0.0.1:${inner}`;
  const settings: Record<string, string | number | boolean> = {
    "process.roles": "broker,controller",
    "node.id": 1,
    "controller.quorum.voters": `1@127.0.0.1:${controller}`,
    listeners: `${listeners},CONTROLLER://127.0.0.1:${controller}`,
    "advertised.listeners": listeners,
    "controller.listener.names": "CONTROLLER",
    "inter.broker.listener.name": "INNER",
    "listener.security.protocol.map": "SECURED:SASL_SSL,INNER:PLAINTEXT,CONTROLLER:PLAINTEXT",
    "sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-256,SCRAM-SHA-512",
    "listener.name.secured.plain.sasl.jaas.config": `${modules}.plain.PlainLoginModule ${login};`,
    "listener.name.secured.scram-sha-256.sasl.jaas.config": `${modules}.scram.ScramLoginModule required;`,
    "listener.name.secured.scram-sha-512.sasl.jaas.config": `${modules}.scram.ScramLoginModule required;`,
    "ssl.keystore.type": "PEM",
    "ssl.keystore.location": keyStore,
    "ssl.truststore.type": "PEM",
    "ssl.truststore.location": caFile,
    "listener.name.secured.ssl.client.auth": "required",
    "log.dirs": join(folder, "data"),
    "auto.create.topics.enable": false,
    "group.initial.rebalance.delay.ms": 0,
    "message.max.bytes": 4 * 1024 * 1024,
    "offsets.topic.replication.factor": 1,
    "offsets.topic.num.partitions": 1,
    "transaction.state.log.replication.factor": 1,
    "transaction.state.log.min.isr": 1,
    "share.coordinator.state.topic.replication.factor": 1,
    "share.coordinator.state.topic.min.isr": 1,
  };
  return Object.entries(settings)
    .map(([name, value]) => `${name}=${value}\n`)
    .join("");
}
