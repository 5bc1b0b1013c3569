import assert from "node:assert/strict";
import { after, suite, test } from "node:test";
import { createPool } from "#mixins/database.mixin.ts";
import { pruneKeys } from "#mixins/idempotency-keys.repository.ts";
import { freshDatabase } from "../support/database.ts";

for (const service of ["booking", "catalog"] as const) {
  suite(`the ${service}'s kept answers`, async () => {
    const pool = createPool(await freshDatabase(service), "test");
    after(() => pool.end());
    const keep = (count: number, age: string) =>
      pool.query(
        `insert into idempotency_keys (user_id, route, key, request_hash, answer, created_at)
         select 'alice', 'POST /x', $2 || ' ' || n, '', '{}', clock_timestamp() - $2::interval
         from generate_series(1, $1) n`,
        [count, age],
      );
    const left = async () => (await pool.query("select from idempotency_keys")).rowCount;

    test("go when they are a day old, however many there are", async () => {
      await keep(2_500, "24 hours 1 second");
      await keep(10, "23 hours 59 minutes");
      assert.equal(await pruneKeys(pool), 2_500);
      assert.equal(await left(), 10);
      assert.equal(await pruneKeys(pool, new Date(Date.now() + 120_000)), 10);
    });

    test("are pruned by four nodes at once, each of them once", async () => {
      await keep(3_000, "2 days");
      const counts = await Promise.all([1, 2, 3, 4].map(() => pruneKeys(pool)));
      assert.equal(
        counts.reduce((sum, n) => sum + n, 0),
        3_000,
      );
      assert.equal(await left(), 0);
    });

    test("are found by an index", async () => {
      const { rows } = await pool.query(`
        select pg_get_indexdef(indexrelid) as def from pg_index where indrelid = 'idempotency_keys'::regclass`);
      assert(rows.some(({ def }) => def.endsWith("(created_at)")));
    });
  });
}
