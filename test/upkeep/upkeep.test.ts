import assert from "node:assert/strict";
import { after, test } from "node:test";
import { ServiceBroker } from "moleculer";
import pg from "pg";
import { UpkeepMixin } from "#mixins/upkeep.mixin.ts";
import { recordingLogger } from "../facts/fixture.ts";
import { freshDatabase } from "../support/database.ts";
import { startNode } from "../support/node.ts";

const broker = new ServiceBroker({ logger: false });
after(() => broker.stop());

test("every task is done before the service is there; one that fails is logged and stops nobody", async () => {
  const { lines, logger } = recordingLogger();
  const done: unknown[] = [];
  const tasks = [
    async (pool: unknown) => void done.push(pool),
    async function breaks() {
      throw new Error("no");
    },
    async () => void done.push("last"),
  ];
  broker.createService({
    name: "kept",
    mixins: [UpkeepMixin({ service: "kept", tasks })],
    created() {
      Object.assign(this, { pool: "the pool", logger });
    },
  });
  await broker.start();
  assert.deepEqual(done, ["the pool", "last"]);
  assert(lines.includes("warn breaks failed: no"));
});

test("a node that starts makes the days of its consumers and prunes old answers", async () => {
  const urls = await Promise.all((["catalog", "booking", "payment"] as const).map(freshDatabase));
  const [catalog, booking, payment] = urls.map((connectionString) => new pg.Pool({ connectionString, max: 1 }));
  const pools = [catalog, booking, payment] as [pg.Pool, pg.Pool, pg.Pool];
  for (const pool of pools.slice(0, 2)) {
    await pool.query(
      `insert into idempotency_keys values ('alice', 'POST /x', 'k', '', '{}', now() - interval '2 days')`,
    );
  }
  const [DATABASE_URL_CATALOG, DATABASE_URL_BOOKING, DATABASE_URL_PAYMENT] = urls as [string, string, string];
  const env = { DATABASE_URL_CATALOG, DATABASE_URL_BOOKING, DATABASE_URL_PAYMENT };
  const node = await startNode({ services: ["catalog", "booking", "payment"], env });
  for (const pool of pools.slice(1)) {
    const { rowCount } = await pool.query("select from pg_inherits where inhparent = 'processed_events'::regclass");
    assert.equal(rowCount, 5);
  }
  for (const pool of pools.slice(0, 2)) {
    assert.equal((await pool.query("select from idempotency_keys")).rowCount, 0);
  }
  await node.stop();
  await Promise.all(pools.map((pool) => pool.end()));
});
