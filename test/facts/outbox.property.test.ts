import assert from "node:assert/strict";
import { after, test } from "node:test";
import { type NewFact, parseFact } from "#contracts/events.ts";
import { appendFacts } from "#mixins/outbox.repository.ts";
import { plainArray } from "#mixins/plain-array.ts";
import { transaction } from "#mixins/transaction.ts";
import { fc } from "../support/property.ts";
import { anyFact } from "./any-fact.ts";
import { openDatabase } from "./fixture.ts";

const pool = await openDatabase();
after(() => pool.end());

const instant = fc
  .date({ min: new Date("0001-01-01T00:00:00Z"), max: new Date("9999-12-31T23:59:59.999Z"), noInvalidDate: true })
  .map((date) => date.toISOString());

/** What an array is cast to, what it may hold, and how Postgres tells each of these. */
const KINDS: [type: string, values: fc.Arbitrary<string | number>, told: (value: string | number) => string][] = [
  ["uuid", fc.uuid(), String],
  ["integer", fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }), String],
  ["bigint", fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String), String],
  ["int8", fc.maxSafeInteger(), String],
  ["timestamptz", instant, (value) => String(Date.parse(String(value)))],
];

for (const [type, values, told] of KINDS) {
  test(`a plain array is what Postgres reads as ${type}[], value by value`, async () => {
    const text = type === "timestamptz" ? "(extract(epoch from v) * 1000)::bigint" : "v";
    const sql = `select ${text}::text as v from unnest($1::${type}[]) with ordinality as a(v, n) order by n`;
    await fc.assert(
      fc.asyncProperty(fc.array(values, { maxLength: 50 }), async (given) => {
        const { rows } = await pool.query(sql, [plainArray(given)]);
        assert.deepEqual(
          rows.map(({ v }) => v),
          given.map(told),
        );
      }),
      { numRuns: 50 },
    );
  });
}

test("facts come out of the outbox as they were put in, and in that order, whatever they say", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(anyFact, { selector: ({ id }) => id, minLength: 1, maxLength: 8 }),
      async (facts) => {
        await pool.query("truncate outbox");
        const written = facts.map(({ time: _, ...fact }) => fact as NewFact);
        await transaction(pool, (tx) => appendFacts(tx, written));
        const { rows } = await pool.query("select fact_id, topic, key, value from outbox order by id");
        assert.deepEqual(
          rows.map(({ fact_id, topic, key }) => [fact_id, topic, String(key)]),
          facts.map(({ id, type, subject }) => [id, type, subject]),
        );
        for (const [n, { topic, value }] of rows.entries()) {
          const parsed = parseFact(topic, value);
          assert(parsed.ok);
          const { time, ...fact } = parsed.fact;
          assert.deepEqual(fact, JSON.parse(JSON.stringify(written[n])));
          assert.match(time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
        }
      },
    ),
    { numRuns: 60 },
  );
});
