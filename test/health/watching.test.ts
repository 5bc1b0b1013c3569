import assert from "node:assert/strict";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { DependencyWatch } from "#mixins/dependency-watch.ts";
import { cutAll, joinAgain, limitWaiting } from "#mixins/pool-limits.ts";
import { PostgresCheck } from "#mixins/postgres-check.ts";
import { freshDatabase } from "../support/database.ts";
import { until } from "../support/until.ts";

const url = await freshDatabase("payment");

function poolOf({ connections = 1, mayWait = 2 } = {}): pg.Pool {
  const pool = new pg.Pool({ connectionString: url, max: connections });
  pool.on("error", () => {});
  after(() => pool.end());
  limitWaiting(pool, mayWait);
  return pool;
}
const outcome = (work: Promise<unknown>) => work.then(() => "served").catch((error) => error.type ?? error.code);

test("as many as may wait for a connection are served in turn, and one more is refused at once", async () => {
  const pool = poolOf({ mayWait: 2 });
  const lent = await pool.connect();
  const asked = Array.from({ length: 3 }, () => outcome(pool.query("select 1")));
  assert.equal(await asked[2], "SERVICE_UNAVAILABLE");
  lent.release();
  assert.deepEqual(await Promise.all(asked), ["served", "served", "SERVICE_UNAVAILABLE"]);
});

test("when a database is known to be away, those who wait and those who come are refused, until it is back", async () => {
  const pool = poolOf();
  const lent = await pool.connect();
  lent.on("error", () => {});
  const running = outcome(lent.query("select pg_sleep(60)"));
  const waiting = outcome(pool.query("select 1"));
  cutAll(pool);
  assert.deepEqual([await running, await waiting], ["ETIMEDOUT", "ETIMEDOUT"]);
  assert.equal(await outcome(pool.query("select 1")), "ETIMEDOUT");
  lent.release(true);
  joinAgain(pool);
  assert.equal(await outcome(pool.query("select 1")), "served");
  assert.deepEqual([pool.totalCount, pool.waitingCount], [1, 0], "nothing is kept by whoever was refused");
});

const logger = { info() {}, warn() {} } as never;

test("a question that failed while the process itself stood still is asked once more before it counts", async () => {
  let questions = 0;
  const watch = new DependencyWatch({
    ...{ name: "kafka", service: null, required: true, logger },
    ask: async () => {
      if (++questions > 1) return;
      await sleep(10);
      throw new Error("timed out");
    },
  });
  after(() => watch.stop());
  const asked = watch.start();
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 700);
  await asked;
  assert.deepEqual([questions, watch.isDown], [2, false]);
});

test("a process that was busy itself does not take an answer that it has not read for none", async () => {
  const said: string[] = [];
  const say = (text: string) => said.push(text);
  const check = new PostgresCheck(url, "watching");
  const watch = new DependencyWatch({
    ...{ name: "postgres", service: null, required: true },
    ask: (signal) => check.ask(signal),
    close: () => check.close(),
    logger: { info: say, warn: say } as never,
  });
  after(() => watch.stop());
  await watch.start();
  assert.equal(watch.isDown, false);
  const asked = watch.askNow();
  // Longer than a server may take for its answer.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1_700);
  await asked;
  assert.deepEqual([watch.isDown, said], [false, []]);

  const { pid } = (await poolOf().query("select pid from pg_stat_activity where application_name = 'watching'"))
    .rows[0];
  await poolOf().query("select pg_terminate_backend($1)", [pid]);
  await watch.askNow();
  await until(() => !watch.isDown, { what: "it to ask on another connection" });
});
