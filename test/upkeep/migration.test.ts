import assert from "node:assert/strict";
import { suite, test } from "node:test";
import knex from "knex";
import { v4 as uuidv4, v7 as uuidv7 } from "uuid";
import { createPool } from "#mixins/database.mixin.ts";
import { keepDays } from "#mixins/processed-days.ts";
import { claimNew } from "#mixins/processed-events.repository.ts";
import { transaction } from "#mixins/transaction.ts";
import { migrateService } from "../../migrations/migrate.ts";
import { freshDatabase } from "../support/database.ts";

const DAY_MS = 24 * 60 * 60 * 1000;
const factOf = (days: number) => uuidv7({ msecs: Date.now() + days * DAY_MS });
const facts = [-30, -1, 0, 0, 1, 2, 400].map(factOf).concat(uuidv4(), "00000000-0000-4000-8000-000000000001");

for (const service of ["booking", "payment"] as const) {
  suite(`a ${service} database of before the days`, async () => {
    const url = await freshDatabase(service);
    const directory = new URL(`../../migrations/${service}`, import.meta.url).pathname;
    const db = knex({ client: "pg", connection: url, migrations: { directory, loadExtensions: [".ts"] } });
    const backToFirst = async () => {
      while ((await db.migrate.currentVersion()) !== "0001") await db.migrate.down();
    };
    await backToFirst();
    await db.raw("insert into processed_events (consumer, fact_id) select 'test', unnest(?::uuid[])", [facts]);
    await migrateService(service, url, () => {});
    const pool = createPool(url, "test");

    test("keeps every fact it has applied, through the migration and the first days", async () => {
      const claimed = () => transaction(pool, (tx) => claimNew(tx, "test", facts));
      assert.equal((await claimed()).size, 0);
      await keepDays(pool);
      assert.equal((await claimed()).size, 0);
      const { rows } = await pool.query("select from processed_events");
      assert.equal(rows.length, facts.length);
      const fresh = await transaction(pool, (tx) => claimNew(tx, "test", [factOf(0), factOf(-2), factOf(1)]));
      assert.equal(fresh.size, 3);
    });

    test("drops what it had in one piece, when nine days are over", async () => {
      const { dropped } = await keepDays(pool, new Date(Date.now() + 11 * DAY_MS));
      const today = new Date().toISOString().slice(0, 10).replaceAll("-", "");
      assert.equal(dropped[0], today);
    });

    test("can go back, with all facts in one partition", async () => {
      const before = (await pool.query("select consumer, fact_id from processed_events order by 1, 2")).rows;
      await pool.end();
      await backToFirst();
      const { rows } = await db.raw("select * from processed_events order by 1, 2");
      assert.deepEqual(rows, before);
      await db.destroy();
    });
  });
}
