import assert from "node:assert/strict";
import { after, beforeEach, suite, test } from "node:test";
import type { Pool } from "pg";
import { v4 as uuidv4, v7 as uuidv7 } from "uuid";
import { newFact } from "#contracts/events.ts";
import { applyBatch } from "#mixins/apply-batch.ts";
import { keepDays } from "#mixins/processed-days.ts";
import { claimNew } from "#mixins/processed-events.repository.ts";
import { transaction, withClient } from "#mixins/transaction.ts";
import { openDatabase, recordOf } from "../facts/fixture.ts";

let pool: Pool;
const pools: Pool[] = [];
beforeEach(async () => {
  pool = await openDatabase();
  pools.push(pool);
});
after(() => Promise.all(pools.map((one) => one.end())));

const DAY_MS = 24 * 60 * 60 * 1000;
const today = new Date();
const inDays = (days: number) => new Date(today.getTime() + days * DAY_MS);
const nameOf = (days: number) => `processed_events_${inDays(days).toISOString().slice(0, 10).replaceAll("-", "")}`;
const factOf = (days: number) => uuidv7({ msecs: inDays(days).getTime() });
const claim = (...facts: string[]) => transaction(pool, (tx) => claimNew(tx, "test", facts));

async function partitionsOf(fact: string): Promise<string[]> {
  const { rows } = await pool.query(
    "select tableoid::regclass::text as name from processed_events where fact_id = $1",
    [fact],
  );
  return rows.map(({ name }) => name);
}

test("today and the next three days have partitions of their own, and what is applied goes there", async () => {
  const { made } = await keepDays(pool, today);
  assert.deepEqual(
    made.map((day) => `processed_events_${day}`),
    [0, 1, 2, 3].map(nameOf),
  );
  const facts = [-1, 0, 3, 4].map(factOf);
  await claim(...facts);
  const places = await Promise.all(facts.map(partitionsOf));
  assert.deepEqual(places.flat(), ["processed_events_default", nameOf(0), nameOf(3), "processed_events_default"]);
});

test("doing it again changes nothing, and the next day adds one", async () => {
  await keepDays(pool, today);
  assert.deepEqual(await keepDays(pool, today), { made: [], dropped: [], pruned: 0 });
  assert.equal((await keepDays(pool, inDays(1))).made.length, 1);
});

test("facts that were applied before their day had a partition move there, and stay known", async () => {
  const facts = [0, 0, 2, -3].map(factOf);
  await claim(...facts);
  await keepDays(pool, today);
  const places = await Promise.all(facts.map(partitionsOf));
  assert.deepEqual(places.flat(), [nameOf(0), nameOf(0), nameOf(2), "processed_events_default"]);
  assert.equal((await claim(...facts)).size, 0);
});

test("a day is dropped when it is nine days over, not before", async () => {
  await keepDays(pool, inDays(-20));
  await pool.query(`alter table processed_events alter column applied_at set default now() - interval '20 days'`);
  await claim(factOf(-20), factOf(-17));
  const droppedAt = async (days: number) => (await keepDays(pool, inDays(days))).dropped.length;
  assert.equal(await droppedAt(-11), 0);
  assert.equal(await droppedAt(-10), 1);
  assert.deepEqual(await Promise.all([factOf(-20), factOf(-17)].map(partitionsOf)), [[], []]);
  assert.equal(await droppedAt(-7), 3);
  assert.equal((await pool.query("select from processed_events")).rowCount, 0);
});

test("a day whose facts came late stays until they were known for nine days", async () => {
  await keepDays(pool, inDays(-12));
  const late = factOf(-12);
  await claim(late);
  await keepDays(pool, today);
  assert.deepEqual(await partitionsOf(late), [nameOf(-12)]);
  await keepDays(pool, inDays(10));
  assert.deepEqual(await partitionsOf(late), []);
});

test("a fact with an id of no day is forgotten nine days after it was applied, whatever its id says", async () => {
  const odd = [uuidv4(), factOf(-400), factOf(4_000), "00000000-0000-4000-8000-000000000001"];
  await claim(...odd);
  assert.equal((await keepDays(pool, inDays(8))).pruned, 0);
  assert.equal((await claim(...odd)).size, 0);
  assert.equal((await keepDays(pool, inDays(10))).pruned, odd.length);
});

suite("while consumers are at work", () => {
  test("it gives up soon when one does not end, and lets the others pass", async () => {
    const [open, other] = [factOf(0), factOf(0)];
    await withClient(pool, async (slow) => {
      await slow.query("begin");
      await slow.query("insert into processed_events (consumer, fact_id) values ('slow', $1)", [open]);
      const kept = assert.rejects(keepDays(pool, today), { code: "55P03" });
      await claim(other);
      await kept;
      assert.equal((await pool.query("select to_regclass($1) as made", [nameOf(0)])).rows[0].made, null);
      await slow.query("commit");
    });
    assert.equal((await keepDays(pool, today)).made.length, 4);
    assert.deepEqual(await Promise.all([open, other].map(partitionsOf)), [[nameOf(0)], [nameOf(0)]]);
  });

  test("a day that cannot be made holds up neither the other days nor the dropping", async () => {
    await keepDays(pool, inDays(-30));
    // A table has a type of its name, which this one takes.
    await pool.query(`create type ${nameOf(1)} as enum ()`);
    await assert.rejects(keepDays(pool, today), { code: "42710" });
    const names = [-30, 0, 1, 2].map(nameOf);
    const { rows } = await pool.query("select to_regclass(n)::text as name from unnest($1::text[]) n", [names]);
    assert.deepEqual(
      rows.map(({ name }) => name),
      [null, nameOf(0), null, nameOf(2)],
    );
  });

  test("four nodes that do it at once make and drop each day once", async () => {
    await keepDays(pool, inDays(-30));
    const all = await Promise.all([1, 2, 3, 4].map(() => keepDays(pool, today)));
    const again = await keepDays(pool, today);
    const count = (what: "made" | "dropped") => [...all, again].flatMap((kept) => kept[what]).length;
    assert.deepEqual([count("made"), count("dropped")], [4, 4]);
  });

  test("each fact is applied once while its day gets its partition", async () => {
    await pool.query("create table effects (fact_id uuid)");
    const data = { bookingVersion: 2, eventId: uuidv4(), userId: "alice", reason: "BY_USER" };
    const facts = Array.from({ length: 400 }, () => {
      const bookingId = uuidv4();
      return newFact("booking.cancelled", "eventix/booking", bookingId, { bookingId, ...data });
    });
    const consumer = {
      name: "effects",
      topics: ["booking.cancelled" as const],
      async apply(tx: { query(text: string, values: unknown[]): Promise<unknown> }, batch: readonly { id: string }[]) {
        await tx.query("insert into effects select unnest($1::uuid[])", [batch.map(({ id }) => id)]);
        return { publish: [] };
      },
    };
    const chunks = Array.from({ length: 40 }, (_, n) => facts.slice(n * 10, n * 10 + 10).map(recordOf));
    const apply = async (mine: typeof chunks) => {
      for (const records of mine) await applyBatch({ pool, consumer, name: "test.effects" }, records);
    };
    await Promise.all([apply(chunks), apply(chunks.toReversed()), keepDays(pool, today)]);
    const { rows } = await pool.query("select count(*), count(distinct fact_id) as facts from effects");
    assert.deepEqual(rows, [{ count: "400", facts: "400" }]);
    assert.deepEqual(await partitionsOf(facts[0]?.id as string), [nameOf(0)]);
  });
});
