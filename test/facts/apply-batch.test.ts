import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, beforeEach, test } from "node:test";
import type { Pool } from "pg";
import type { Fact, NewFact } from "#contracts/events.ts";
import { applyBatch, StuckError } from "#mixins/apply-batch.ts";
import type { BatchConsumer } from "#mixins/batch-consumer.ts";
import { sqlState, type Tx, withClient } from "#mixins/transaction.ts";
import { cancelled, openDatabase, recordOf } from "./fixture.ts";

let pool: Pool;
before(async () => {
  pool = await openDatabase();
  // No unique key: an effect that happens twice is seen twice.
  await pool.query("create table effects (n serial, fact_id uuid, booking_id uuid, round int)");
});
beforeEach(() => pool.query("truncate effects, outbox, processed_events"));
after(() => pool.end());

/** Notes each fact in a table, announces another, and does to some what the test wants. */
function noting(trouble?: (tx: Tx, fact: Fact) => Promise<unknown>): BatchConsumer {
  let round = 0;
  return {
    name: "notes",
    topics: ["booking.cancelled"],
    async apply(tx, facts) {
      round++;
      const rejected = [];
      for (const fact of facts) {
        const reason = await trouble?.(tx, fact);
        if (typeof reason === "string") rejected.push({ fact, reason });
        else
          await tx.query("insert into effects (fact_id, booking_id, round) values ($1, $2, $3)", [
            fact.id,
            fact.subject,
            round,
          ]);
      }
      return { publish: facts.map((fact) => cancelled(fact.subject)), rejected };
    },
  };
}

const context = (consumer: BatchConsumer) => ({ pool, consumer, name: "test.notes" });
const apply = (consumer: BatchConsumer, facts: NewFact[]) => applyBatch(context(consumer), facts.map(recordOf));
const effects = async () => (await pool.query("select fact_id, round from effects order by n")).rows;
const appliedIds = async () => (await effects()).map((row) => row.fact_id);
const letters = async () => (await pool.query("select * from outbox where topic like '%.dlq' order by id")).rows;
const ids = (facts: NewFact[]) => facts.map((fact) => fact.id);

test("a fact that comes again, in the same batch or later, is applied once", async () => {
  const facts = [cancelled(), cancelled(), cancelled()];
  const first = await apply(noting(), [...facts, ...facts]);
  assert.equal(first.applied.length, 3);
  const again = await apply(noting(), [...facts, cancelled()]);
  assert.equal(again.applied.length, 1);
  assert.equal((await effects()).length, 4);
  assert.equal((await pool.query("select from outbox")).rowCount, 4);
});

test("two members that are given the same facts at once apply each once", async () => {
  const facts = Array.from({ length: 50 }, () => cancelled());
  const outcomes = await Promise.all([apply(noting(), facts), apply(noting(), [...facts].reverse())]);
  assert.equal(outcomes[0].applied.length + outcomes[1].applied.length, 50);
  assert.equal((await effects()).length, 50);
});

test("several facts of one booking are applied in rounds, each in its turn", async () => {
  const [a, b] = [randomUUID(), randomUUID()];
  const facts = [cancelled(a, 2), cancelled(a, 3), cancelled(b, 2), cancelled(a, 4)];
  await apply(noting(), facts);
  const rounds = (await effects()).map(({ fact_id, round }) => [ids(facts).indexOf(fact_id), round]);
  assert.deepEqual(rounds, [
    [0, 1],
    [2, 1],
    [1, 2],
    [3, 3],
  ]);
});

test("all facts of a batch are locked together before the first is applied", async () => {
  const calls: string[] = [];
  const consumer = noting(async () => void calls.push("apply"));
  consumer.lock = async (_tx, facts) => void calls.push(`lock ${facts.length}`);
  const id = randomUUID();
  await apply(consumer, [cancelled(id), cancelled(id), cancelled()]);
  assert.deepEqual(calls, ["lock 3", "apply", "apply", "apply"]);
});

const POISON: [string, (fact: NewFact) => Buffer | null, RegExp][] = [
  ["not JSON", () => Buffer.from([0xff, 0x00, 0x7b]), /not JSON/],
  ["empty", () => null, /must be|not/],
  [
    "without its data",
    (fact) => Buffer.from(JSON.stringify({ ...fact, time: "2026-01-01T00:00:00Z", data: {} })),
    /data/,
  ],
  [
    "about another subject",
    (fact) => Buffer.from(JSON.stringify({ ...fact, time: "2026-01-01T00:00:00Z", subject: "x" })),
    /subject/,
  ],
];
for (const [name, spoil, reason] of POISON) {
  test(`a record that is ${name} becomes a dead letter as it came, and its neighbours are applied`, async () => {
    const facts = [cancelled(), cancelled(), cancelled()];
    const records = facts.map(recordOf);
    const bad = { ...records[1], value: spoil(facts[1] as NewFact), partition: 4 } as (typeof records)[0];
    const { refused } = await applyBatch(context(noting()), [records[0], bad, records[2]] as typeof records);
    assert.equal(refused.length, 1);
    assert.deepEqual(await appliedIds(), [facts[0]?.id, facts[2]?.id]);
    const [letter] = await letters();
    assert.equal(letter.topic, "booking.cancelled.dlq");
    assert.deepEqual(letter.value, bad.value);
    assert.deepEqual(letter.key, bad.key);
    assert.match(letter.headers["eventix-reason"], reason);
    const { "eventix-reason": _, ...headers } = letter.headers;
    assert.deepEqual(headers, {
      "eventix-consumer": "test.notes",
      "eventix-partition": "4",
      "eventix-offset": bad.offset,
    });
  });
}

test("a fact that breaks a rule is a dead letter, and is applied when it is sent again after a repair", async () => {
  const facts = [cancelled(), cancelled()];
  const refusing = noting(async (_tx, fact) => (fact.id === facts[1]?.id ? "there is no such thing" : undefined));
  const { applied, refused } = await apply(refusing, facts);
  assert.deepEqual([applied.length, refused.length], [1, 1]);
  assert.match((await letters())[0].headers["eventix-reason"], /no such thing/);
  const repaired = await apply(noting(), facts);
  assert.deepEqual(
    repaired.applied.map((fact) => fact.id),
    [facts[1]?.id],
  );
});

test("a batch that fails on data is halved until the fact is alone: it is a dead letter, the others are applied in order", async () => {
  const facts = Array.from({ length: 21 }, () => cancelled());
  const bad = [facts[3]?.id, facts[4]?.id, facts[20]?.id];
  const consumer = noting(async (tx, fact) => {
    if (bad.includes(fact.id)) await tx.query("select 1 / 0");
  });
  const { applied, refused } = await apply(consumer, facts);
  const good = ids(facts).filter((id) => !bad.includes(id));
  assert.deepEqual(await appliedIds(), good);
  assert.deepEqual(
    applied.map((fact) => fact.id),
    good,
  );
  assert.deepEqual(
    refused.map(({ fact }) => fact?.id),
    bad,
  );
  assert.equal((await letters()).length, 3);
  assert.match((await letters())[0].headers["eventix-reason"], /division by zero/);
});

test("a broken constraint that does not break again is not a dead letter", async () => {
  let broken = 0;
  const consumer = noting(async (tx) => {
    if (broken++ < 2) await tx.query("insert into payments (id, booking_id, status) values (null, null, null)");
  });
  const { applied } = await apply(consumer, [cancelled()]);
  assert.equal(applied.length, 1);
  assert.deepEqual(await letters(), []);
});

test("what may pass later is thrown as it came, with nothing applied, and nothing is skipped afterwards", async () => {
  await pool.query("insert into effects (round) values (0)");
  const facts = [cancelled(), cancelled()];
  const consumer = noting((tx) => tx.query("update effects set round = round where round = 0"));
  await withClient(pool, async (holder) => {
    await holder.query("begin");
    await holder.query("select from effects for update");
    await assert.rejects(apply(consumer, facts), (error) => sqlState(error) === "55P03");
    assert.equal((await pool.query("select from processed_events")).rowCount, 0);
    assert.equal((await pool.query("select from outbox")).rowCount, 0);
    await holder.query("rollback");
  });
  assert.equal((await apply(consumer, facts)).applied.length, 2);
});

test("a fault of ours stops at its record and names it; what came before is applied, and it is no dead letter", async () => {
  const facts = Array.from({ length: 8 }, () => cancelled());
  const consumer = noting(async (_tx, fact) => {
    if (fact.id === facts[5]?.id) throw new TypeError("undefined is not a function");
  });
  const records = facts.map(recordOf);
  const stuck = await applyBatch(context(consumer), records).catch((error) => error);
  assert.ok(stuck instanceof StuckError);
  assert.equal(stuck.record, records[5]);
  assert.match(stuck.message, new RegExp(`booking.cancelled/0@${records[5]?.offset}: undefined is not`));
  assert.deepEqual(await appliedIds(), ids(facts).slice(0, 5));
  assert.deepEqual(await letters(), []);
  const mended = await applyBatch(context(noting()), records);
  assert.deepEqual(
    mended.applied.map((fact) => fact.id),
    ids(facts).slice(5),
  );
});
