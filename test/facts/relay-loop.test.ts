import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { createServer } from "node:net";
import { after, before, beforeEach, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Kafka, logLevel } from "kafkajs";
import type { Pool } from "pg";
import { FactPublisher } from "#mixins/fact-publisher.ts";
import { Relay, STAND_BY_MS } from "#mixins/relay.ts";
import { TcpProxy } from "../support/tcp-proxy.ts";
import { eventually, kafka, makeTopic, openDatabase, readTopic, recordingLogger } from "./fixture.ts";

let pool: Pool;
before(async () => {
  pool = await openDatabase();
});
beforeEach(() => pool.query("truncate outbox"));
after(() => pool.end());

const write = (topic: string, value: string) =>
  pool.query("insert into outbox (topic, key, value) values ($1, 'k', convert_to($2, 'UTF8'))", [topic, value]);
const outboxIsEmpty = async () => (await pool.query("select from outbox")).rowCount === 0;

test("a running relay moves what is committed until it is stopped, and may be stopped twice", async () => {
  const topic = await makeTopic(`test.${randomUUID()}`);
  const { logger, lines } = recordingLogger();
  const relay = new Relay(pool, new FactPublisher(kafka, logger), logger);
  relay.start();
  for (let i = 0; i < 20; i++) {
    await write(topic, String(i));
    if (i % 3 === 0) relay.wake();
  }
  await eventually(outboxIsEmpty);
  await relay.stop();
  await relay.stop();
  const values = (await readTopic(topic, 20)).map(({ value }) => String(value));
  assert.deepEqual(values, [...Array(20).keys()].map(String));
  assert.deepEqual(
    lines.filter((line) => !line.startsWith("debug")),
    [],
  );
});

/** Each round asks once whether it is ready. */
class CountingPublisher extends FactPublisher {
  rounds = 0;
  override ready(): Promise<void> {
    this.rounds++;
    return super.ready();
  }
}

test("of two relays the one that stands by lets the chosen one work, and does it when that is gone", async () => {
  const topic = await makeTopic(`test.${randomUUID()}`);
  const { logger } = recordingLogger();
  const [chosen, standby] = [new CountingPublisher(kafka, logger), new CountingPublisher(kafka, logger)];
  const relays = [new Relay(pool, chosen, logger), new Relay(pool, standby, logger, () => false)];
  const since = performance.now();
  for (const relay of relays) relay.start();
  let written = 0;
  await eventually(async () => {
    await write(topic, String(written++));
    for (const relay of relays) relay.wake();
    return chosen.rounds >= 20;
  });
  const most = 1 + (performance.now() - since) / STAND_BY_MS;
  assert(
    standby.rounds <= most,
    `${standby.rounds} rounds of the one that stands by, ${chosen.rounds} of the chosen one`,
  );
  await relays[0]?.stop();
  await write(topic, String(written++));
  await eventually(outboxIsEmpty);
  await relays[1]?.stop();
  const values = (await readTopic(topic, written)).map(({ value }) => String(value));
  assert.deepEqual(values, [...Array(written).keys()].map(String));
});

test("a relay without Kafka says so once, keeps what it has, and stops quickly", async () => {
  const { logger, lines } = recordingLogger();
  const brokers = [`127.0.0.1:${await closedPort()}`];
  const away = new Kafka({ brokers, logLevel: logLevel.NOTHING, retry: { retries: 1, initialRetryTime: 20 } });
  const relay = new Relay(pool, new FactPublisher(away, logger), logger);
  let tries = 0;
  relay.start();
  await write("t", "kept");
  await eventually(() => {
    relay.wake();
    return lines.length > 0 && tries++ > 50;
  });
  const since = Date.now();
  await relay.stop();
  assert.ok(Date.now() - since < 3_000);
  assert.equal(lines.length, 1);
  assert.match(lines[0] ?? "", /^error facts wait in the outbox/);
  assert.equal(await outboxIsEmpty(), false);
});

test("a relay that began while Kafka stood still goes on when that is over", async () => {
  const topic = await makeTopic(`test.${randomUUID()}`);
  const { logger } = recordingLogger();
  const proxy = await TcpProxy.to((process.env.KAFKA_BROKERS ?? "").split(",")[0] as string);
  const { socketFactory } = proxy;
  const retry = { retries: 0 };
  const still = new Kafka({
    brokers: ["kafka:1"],
    socketFactory,
    requestTimeout: 500,
    retry,
    logLevel: logLevel.NOTHING,
  });
  proxy.stall("both", true);
  const relay = new Relay(pool, new FactPublisher(still, logger), logger);
  relay.start();
  await write(topic, "kept");
  // Longer than a request waits for its answer: who connects meanwhile gives up, and kafkajs says nothing of it.
  await sleep(1_500);
  proxy.stall("both", false);
  await eventually(outboxIsEmpty);
  await relay.stop();
  await proxy.close();
});

test("a relay goes on by itself when its topic can be written again, and says how long that took", async () => {
  const topic = `test.${randomUUID()}`;
  const { logger, lines } = recordingLogger();
  const relay = new Relay(pool, new FactPublisher(kafka, logger), logger);
  relay.start();
  await write(topic, "1");
  await eventually(() => lines.some((line) => line.startsWith("error")));
  await makeTopic(topic);
  await eventually(outboxIsEmpty);
  await eventually(() => lines.some((line) => /^info facts are relayed again/.test(line)));
  await relay.stop();
  assert.equal(lines.filter((line) => line.startsWith("error")).length, 1);
  assert.equal((await readTopic(topic, 1)).length, 1);
});

/** A port on which nobody listens. */
async function closedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}
