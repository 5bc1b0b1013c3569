import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, beforeEach, test } from "node:test";
import type { Pool } from "pg";
import type { Fact, NewFact } from "#contracts/events.ts";
import type { BatchConsumer } from "#mixins/batch-consumer.ts";
import { FactConsumer } from "#mixins/fact-consumer.ts";
import { FactPublisher } from "#mixins/fact-publisher.ts";
import { appendFacts } from "#mixins/outbox.repository.ts";
import { relayRound } from "#mixins/relay-round.ts";
import { transaction } from "#mixins/transaction.ts";
import { cancelled, eventually, kafka, openDatabase, recordingLogger } from "./fixture.ts";

let pool: Pool;
const publisher = new FactPublisher(kafka, recordingLogger().logger);
before(async () => {
  pool = await openDatabase();
  await pool.query("create table effects (n serial, fact_id uuid)");
  await publisher.ready();
});
beforeEach(() => pool.query("truncate effects, outbox, processed_events"));
after(async () => {
  await publisher.disconnect();
  await pool.end();
});

async function publish(facts: NewFact[]): Promise<void> {
  await transaction(pool, (tx) => appendFacts(tx, facts));
  await relayRound(pool, (rows) => publisher.publish(rows));
}

/** Notes the facts that this test knows, in a group of its own; the topic holds those of other tests too. */
function consumerOf(
  known: NewFact[],
  trouble: (fact: Fact) => void = () => {},
  name = `test-${randomUUID()}.notes`,
  before: () => Promise<void> = async () => {},
) {
  const ids = new Set(known.map((fact) => fact.id));
  let given = 0;
  let waiting = 0;
  const consumer: BatchConsumer = {
    name: "notes",
    topics: ["booking.cancelled"],
    async apply(tx, facts) {
      const ours = facts.filter(({ id }) => ids.has(id));
      if (ours.length > 0) waiting++;
      await before();
      for (const fact of ours) {
        given++;
        trouble(fact);
        await tx.query("insert into effects (fact_id) values ($1)", [fact.id]);
      }
      return { publish: [] };
    },
  };
  const { logger, lines } = recordingLogger();
  let commits = 0;
  const running = new FactConsumer(kafka, { pool, consumer, name }, logger, () => commits++);
  return { running, lines, name, given: () => given, waiting: () => waiting, commits: () => commits };
}

const noted = async () => (await pool.query<{ fact_id: string }>("select fact_id from effects order by n")).rows;
const bookingFacts = (bookings: number, each: number) => {
  const ids = Array.from({ length: bookings }, () => randomUUID());
  return Array.from({ length: bookings * each }, (_, i) => cancelled(ids[i % bookings], 2 + Math.floor(i / bookings)));
};
/** The versions of one booking in the order in which its facts were applied. */
async function versionsOf(facts: NewFact<"booking.cancelled">[], bookingId: string | undefined): Promise<number[]> {
  const byId = new Map(facts.map((fact) => [fact.id, fact]));
  const applied = (await noted()).map(({ fact_id }) => byId.get(fact_id));
  return applied.flatMap((fact) => (fact?.subject === bookingId ? [fact?.data.bookingVersion ?? 0] : []));
}

test("facts travel from an outbox to a consumer, each applied once and a booking's in their order", async () => {
  const facts = bookingFacts(40, 5);
  const { running, commits } = consumerOf(facts);
  await publish(facts.slice(0, 100));
  running.start();
  await publish(facts.slice(100));
  await publish(facts.slice(100));
  await eventually(async () => (await noted()).length >= 200);
  await running.stop();
  await running.stop();
  assert.equal((await noted()).length, 200);
  assert.deepEqual(await versionsOf(facts, facts[0]?.subject), [2, 3, 4, 5, 6]);
  assert.ok(commits() > 0);
});

test("a batch that cannot be applied now is tried again until it can, and nothing is skipped or said twice", async () => {
  const facts = bookingFacts(1, 6);
  let failures = 0;
  const { running, lines } = consumerOf(facts, (fact) => {
    if (fact.id === facts[3]?.id && failures++ < 4) throw Object.assign(new Error("a deadlock"), { code: "40P01" });
  });
  await publish(facts);
  running.start();
  await eventually(async () => (await noted()).length === 6);
  await running.stop();
  assert.deepEqual(await versionsOf(facts, facts[0]?.subject), [2, 3, 4, 5, 6, 7]);
  assert.equal(lines.filter((line) => line.startsWith("warn")).length, 1);
  assert.equal(lines.filter((line) => / goes on after /.test(line)).length, 1);
});

const SAID_STUCK =
  /^error eventix\.test-\S+ is stuck at booking\.cancelled\/\d@\d+ \(fact \S+\), 1 tries in 0 s: .*no such method$/;

test("a fault of ours holds its partition and is said loudly; other partitions go on", async () => {
  const facts = bookingFacts(60, 1);
  const { running, lines } = consumerOf(facts, (fact) => {
    if (fact.id === facts[0]?.id) throw new TypeError("no such method");
  });
  await publish(facts);
  running.start();
  await eventually(() => lines.some((line) => SAID_STUCK.test(line) && line.includes(`(fact ${facts[0]?.id})`)));
  // Most of the others: chance decides how many share the partition that is held.
  await eventually(async () => (await noted()).length >= 30);
  await running.stop();
  assert.ok(!(await noted()).some(({ fact_id }) => fact_id === facts[0]?.id));
  assert.equal((await pool.query("select from outbox where topic like '%.dlq'")).rowCount, 0);
});

test("who takes over from a consumer that stopped goes on behind its last commit", async () => {
  const facts = bookingFacts(10, 2);
  const first = consumerOf(facts);
  await publish(facts.slice(0, 10));
  first.running.start();
  await eventually(async () => (await noted()).length === 10);
  await first.running.stop();
  // Were offsets not committed, these facts would be given again once nobody knows that they were applied.
  await pool.query("truncate processed_events");
  const second = consumerOf(facts, undefined, first.name);
  second.running.start();
  await publish(facts.slice(10));
  await eventually(async () => (await noted()).length >= 20);
  await second.running.stop();
  assert.equal(second.given(), 10);
});

test("a consumer that stops commits the offsets of all that it is applying, on whichever partition", async () => {
  const facts = bookingFacts(24, 1);
  const { promise: held, resolve: letGo } = Promise.withResolvers<void>();
  const first = consumerOf(facts, undefined, undefined, () => held);
  await publish(facts);
  first.running.start();
  // Up to three partitions are applied at a time, as many as Kafka gave at once, and none of their batches ends.
  await eventually(() => first.waiting() > 1);
  const stopped = first.running.stop();
  letGo();
  await stopped;
  const applied = (await noted()).length;
  assert(applied > 0 && applied === first.given());
  await pool.query("truncate processed_events");
  const second = consumerOf(facts, undefined, first.name);
  second.running.start();
  await eventually(async () => (await noted()).length >= facts.length);
  await second.running.stop();
  assert.equal(first.given() + second.given(), facts.length, "none is given again");
});

test("who takes over from a consumer that could not apply a batch is given it again", async () => {
  const facts = bookingFacts(1, 3);
  const first = consumerOf(facts, () => {
    throw new TypeError("no such method");
  });
  await publish(facts);
  first.running.start();
  await eventually(() => first.lines.some((line) => SAID_STUCK.test(line)));
  await first.running.stop();
  const second = consumerOf(facts, undefined, first.name);
  second.running.start();
  await eventually(async () => (await noted()).length === 3);
  await second.running.stop();
  assert.deepEqual(await versionsOf(facts, facts[0]?.subject), [2, 3, 4]);
});
