import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { after, before, test } from "node:test";
import kafkajs, { type Admin, Kafka, logLevel } from "kafkajs";
import { TOPIC_DEFINITIONS, topicSettings } from "#contracts/topics.ts";
import { connected } from "#stack/postgres/databases.ts";
import { isRunning, type ProcessRef, startOf, stopProcess } from "#stack/process.ts";
import { silent } from "#stack/progress.ts";
import { type Stack, stackDown, stackEnvironment, stackUp } from "#stack/stack.ts";
import { readState } from "#stack/state.ts";
import { examine } from "../../cli/doctor/doctor.ts";
import { until } from "../support/until.ts";

/** One stack of processes beside that of the run, since these tests kill its servers. Its tests build on one another, in order. */
let home: string;
let first: Stack;
const up = () => stackUp({ home, env: { EVENTIX_STACK: "native" }, say: silent });
const processes = () => Object.values(readState(home).servers).map(({ process }) => process as ProcessRef);

async function withAdmin(work: (admin: Admin) => Promise<void>): Promise<void> {
  const kafka = new Kafka({ brokers: [first.env.KAFKA_BROKERS as string], logLevel: logLevel.NOTHING });
  const admin = kafka.admin();
  await admin.connect();
  try {
    await work(admin);
  } finally {
    await admin.disconnect();
  }
}

before(async () => {
  home = mkdtempSync(join(tmpdir(), "eventix-lifecycle-"));
  first = await up();
});

after(async () => {
  await stackDown({ home, say: silent });
  rmSync(home, { recursive: true, force: true });
});

test("the first `up` starts all servers", () => {
  assert.deepEqual(first.started.sort(), ["issuer", "kafka", "postgres", "redis"]);
});

test("another `up` finds them and starts nothing, two at once too", async () => {
  const again = await Promise.all([up(), up()]);
  for (const stack of again) {
    assert.deepEqual(stack.started, []);
    assert.deepEqual(stack.env, first.env);
  }
  assert.deepEqual(stackEnvironment(home, {}), first.env);
});

test("each role reaches its own database and no other", async () => {
  const { DATABASE_URL_BOOKING: own, DATABASE_URL_PAYMENT: other } = first.env as Record<string, string>;
  await connected(own as string, (client) => client.query("create table kept (n int)"));
  const foreign = new URL(own as string);
  foreign.pathname = new URL(other as string).pathname;
  await assert.rejects(
    connected(foreign.href, (client) => client.query("select 1")),
    /permission denied for database/,
  );
});

test("Postgres keeps what it has confirmed: fsync and synchronous_commit are on", async () => {
  const { rows } = await connected(first.env.DATABASE_URL_BOOKING as string, (client) =>
    client.query("select current_setting('fsync') as fsync, current_setting('synchronous_commit') as sync"),
  );
  assert.deepEqual(rows, [{ fsync: "on", sync: "on" }]);
});

test("every topic is there with its partitions and settings, and none appears by being named", async () => {
  await withAdmin(async (admin) => {
    const names = TOPIC_DEFINITIONS.map(({ name }) => name);
    const { topics } = await admin.fetchTopicMetadata({ topics: names });
    const partitions = topics.map((topic) => [topic.name, topic.partitions.length]).sort();
    assert.deepEqual(partitions, TOPIC_DEFINITIONS.map((topic) => [topic.name, topic.partitions]).sort());
    const resources = names.map((name) => ({ type: kafkajs.ConfigResourceTypes.TOPIC, name }));
    const described = await admin.describeConfigs({ resources, includeSynonyms: false });
    for (const topic of TOPIC_DEFINITIONS) {
      const { configEntries = [] } = described.resources.find(({ resourceName }) => resourceName === topic.name) ?? {};
      const values = Object.fromEntries(configEntries.map((entry) => [entry.configName, entry.configValue]));
      assert.deepEqual({ ...values, ...topicSettings(topic) }, values, topic.name);
    }
    await assert.rejects(admin.fetchTopicMetadata({ topics: ["no.such.topic"] }));
  });
});

test("the doctor sees a topic that lacks or has other partitions, and `up` makes the one that lacks", async () => {
  const doctor = async () => (await examine(home, { EVENTIX_STACK: "native" })).find(({ about }) => about === "topics");
  assert.equal((await doctor())?.state, "ok");
  await withAdmin(async (admin) => {
    await admin.deleteTopics({ topics: ["booking.created", "seat.changed.dlq"] });
    await admin.createTopics({ topics: [{ topic: "booking.created", numPartitions: 2 }], waitForLeaders: true });
  });
  assert.deepEqual(await doctor(), {
    about: "topics",
    state: "fail",
    says: "Kafka lacks seat.changed.dlq",
    mend: "npx eventix up",
  });
  await up();
  const { state, says = "" } = (await doctor()) ?? {};
  assert.equal(state, "warn");
  assert.match(says, /^booking.created has 2 partitions instead of 6/);
});

test("passwords and the signing key are readable by their owner only", () => {
  for (const file of ["stack.json", "issuer/private.pem"]) {
    assert.equal(statSync(join(home, file)).mode & 0o777, 0o600, file);
  }
});

test("after kill -9 of every server the next `up` starts them again, with their data", async () => {
  for (const ref of processes()) await stopProcess(ref, "SIGKILL", 2_000);
  assert.throws(() => stackEnvironment(home, {}), /No stack is up .* npx eventix up, or npm start/);
  const healed = await up();
  assert.equal(healed.started.length, 4);
  await connected(healed.env.DATABASE_URL_BOOKING as string, (client) => client.query("select n from kept"));
});

test("a server that hangs is replaced", async () => {
  const { redis } = readState(home).servers;
  process.kill(redis?.process?.pid as number, "SIGSTOP");
  const { started } = await up();
  assert.deepEqual(started, ["redis"]);
  assert.equal(isRunning(redis?.process), false);
});

test("`down` leaves no process, and a postmaster.pid whose number is another's now does not stop the next `up`", async () => {
  const before = processes();
  await stackDown({ home, say: silent });
  assert.deepEqual(before.filter(isRunning), []);
  assert.deepEqual(processes(), []);
  const file = join(home, "postgres/data/postmaster.pid");
  writeFileSync(file, `${process.pid}\n`);
  await up();
  assert.notEqual(readFileSync(file, "utf8").split("\n")[0], String(process.pid));
});

test("nor does a server killed together with its starter, as a zombie that nobody takes away", async () => {
  await stackDown({ home, say: silent });
  // A shell that becomes a program which never asks for its children: one that ends thereafter stays a zombie.
  const shell = spawn("sh", ["-c", "sleep 60 & echo $!; exec sleep 60"], { stdio: ["ignore", "pipe", "ignore"] });
  const [line] = (await once(shell.stdout as Readable, "data")) as [Buffer];
  const zombie = Number(String(line));
  await until(() => readFileSync(`/proc/${shell.pid}/comm`, "utf8") === "sleep\n", {
    what: "the shell to be another program",
  });
  process.kill(zombie, "SIGKILL");
  await until(() => startOf(zombie) === undefined, { what: "the child to end" });
  assert.equal(process.kill(zombie, 0), true);
  const file = join(home, "postgres/data/postmaster.pid");
  writeFileSync(file, `${zombie}\n${join(home, "postgres/data")}\n`);
  await up();
  assert.notEqual(readFileSync(file, "utf8").split("\n")[0], String(zombie));
  shell.kill("SIGKILL");
});
