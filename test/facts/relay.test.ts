import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, beforeEach, test } from "node:test";
import type { Pool } from "pg";
import { FactPublisher } from "#mixins/fact-publisher.ts";
import { appendDeadLetters, type OutboxRow } from "#mixins/outbox.repository.ts";
import { relayRound } from "#mixins/relay-round.ts";
import { transaction, withClient } from "#mixins/transaction.ts";
import { kafka, makeTopic, openDatabase, readTopic, recordingLogger } from "./fixture.ts";

let pool: Pool;
const publisher = new FactPublisher(kafka, recordingLogger().logger);
const publish = (rows: OutboxRow[]) => publisher.publish(rows);

before(async () => {
  pool = await openDatabase();
  await publisher.ready();
});
beforeEach(() => pool.query("truncate outbox"));
after(async () => {
  await publisher.disconnect();
  await pool.end();
});

const row = (topic: string, key: string, value: string | Buffer) => ({
  topic,
  key: Buffer.from(key),
  value: Buffer.from(value),
  headers: {},
});
const write = (rows: ReturnType<typeof row>[]) => transaction(pool, (tx) => appendDeadLetters(tx, rows));
const left = async () =>
  (await pool.query("select convert_from(value, 'UTF8') v from outbox order by id")).rows.map((r) => r.v);
const topicName = () => `test.${randomUUID()}`;

/** Keys with their values in the order of arrival, each value once. */
function byKey(records: { key: Buffer | null; value: Buffer | null }[]): Record<string, string[]> {
  const seen: Record<string, Set<string>> = {};
  for (const { key, value } of records) {
    seen[String(key)] ??= new Set();
    seen[String(key)]?.add(String(value));
  }
  return Object.fromEntries(Object.entries(seen).map(([key, values]) => [key, [...values]]));
}

test("facts of one key arrive in the order in which they were written, and leave the outbox", async () => {
  const topic = await makeTopic(topicName());
  const values = Array.from({ length: 600 }, (_, i) => String(i));
  await write(values.map((value, i) => row(topic, `k${i % 7}`, value)));
  const round = await relayRound(pool, publish);
  assert.deepEqual(round, { led: true, published: 600, full: false });
  const arrived = byKey(await readTopic(topic, 600));
  for (let k = 0; k < 7; k++)
    assert.deepEqual(
      arrived[`k${k}`],
      values.filter((_, i) => i % 7 === k),
    );
  assert.deepEqual(await left(), []);
});

test("a relay that dies between publishing and deleting repeats facts, in the same order, and loses none", async () => {
  const topic = await makeTopic(topicName());
  await write(["1", "2", "3"].map((value) => row(topic, "k", value)));
  const dying = relayRound(pool, async (rows) => {
    await publisher.publish(rows);
    await withClient(pool, (client) =>
      client.query(
        "select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())",
      ),
    );
  });
  await assert.rejects(dying);
  assert.deepEqual(await left(), ["1", "2", "3"]);
  await write([row(topic, "k", "4")]);
  await relayRound(pool, publish);
  const records = await readTopic(topic, 7);
  assert.equal(records.length, 7);
  assert.deepEqual(byKey(records), { k: ["1", "2", "3", "4"] });
});

test("a round whose publishing fails deletes nothing", async () => {
  await write([row("t", "k", "1")]);
  await assert.rejects(
    relayRound(pool, () => Promise.reject(new Error("Kafka is away"))),
    /Kafka is away/,
  );
  assert.deepEqual(await left(), ["1"]);
});

test("of two relays at once only one leads", async () => {
  await write([row("t", "k", "1")]);
  const both = await relayRound(pool, async () => {
    const other = await relayRound(pool, async () => assert.fail("the second must not publish"));
    assert.equal(other.led, false);
  });
  assert.equal(both.published, 1);
});

test("a lower id that is committed late is published too, and nothing that was not published is deleted", async () => {
  const seen: string[][] = [];
  const note = async (rows: OutboxRow[]) => {
    seen.push(rows.map(({ value }) => String(value)));
  };
  await withClient(pool, async (late) => {
    await late.query("begin");
    await late.query("insert into outbox (topic, value) values ('t', 'lower')");
    await write([row("t", "k", "higher")]);
    await relayRound(pool, async (rows) => {
      await note(rows);
      await late.query("commit");
      await write([row("t", "k", "during the round")]);
    });
  });
  assert.deepEqual(await left(), ["lower", "during the round"]);
  await relayRound(pool, note);
  assert.deepEqual(seen, [["higher"], ["lower", "during the round"]]);
});

test("a relay that hangs loses the lead when the database ends its session", async () => {
  await write([row("t", "k", "1")]);
  const leads = Promise.withResolvers<void>();
  const goesOn = Promise.withResolvers<void>();
  const stopped = relayRound(pool, () => {
    leads.resolve();
    return goesOn.promise;
  });
  await leads.promise;
  let next = await relayRound(pool, async () => {});
  const since = Date.now();
  while (!next.led && Date.now() - since < 10_000) next = await relayRound(pool, async () => {});
  assert.deepEqual([next.led, next.published], [true, 1]);
  goesOn.resolve();
  await assert.rejects(stopped);
});

test("a round takes at most 1,000 rows and 512 kB, but always one", async () => {
  const sizes: number[] = [];
  const note = async (rows: OutboxRow[]) => {
    sizes.push(rows.length);
  };
  const large = Buffer.alloc(600 * 1024, "x");
  await write([...Array(1_200).keys()].map((i) => row("t", "k", String(i))));
  await write([row("t", "k", large), ...Array.from({ length: 3 }, () => row("t", "k", Buffer.alloc(200 * 1024, "x")))]);
  for (let i = 0; i < 5; i++) await relayRound(pool, note);
  assert.deepEqual(sizes, [1_000, 200, 1, 2, 1]);
});

test("a fact too large for its topic becomes a dead letter and does not hold up the others", async () => {
  const topic = await makeTopic(topicName(), { "max.message.bytes": "2000" }, 1);
  await makeTopic(`${topic}.dlq`, {}, 1);
  await write([row(topic, "k", "before"), row(topic, "k", Buffer.alloc(5_000, "x")), row(topic, "k", "behind")]);
  await relayRound(pool, publish);
  assert.deepEqual(await left(), []);
  const arrived = (await readTopic(topic, 2)).map(({ value }) => String(value));
  assert.deepEqual([...new Set(arrived)], ["before", "behind"]);
  const [letter] = await readTopic(`${topic}.dlq`, 1);
  assert.equal(letter?.value?.length, 5_000);
  assert.match(String(letter?.headers?.["eventix-reason"]), /too large for test\..*5000 bytes/);
});
