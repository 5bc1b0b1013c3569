import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import type { Pool } from "pg";
import { RolledBackError, type Tx, transaction } from "#mixins/transaction.ts";
import { openDatabase } from "./fixture.ts";

let pool: Pool;
before(async () => {
  pool = await openDatabase();
  await pool.query("create table notes (text text)");
});
beforeEach(() => pool.query("truncate notes"));
after(() => pool.end());

const note = (tx: Tx, text: string) => tx.query("insert into notes values ($1)", [text]);
const notes = async () => (await pool.query("select text from notes")).rows.map(({ text }) => text);

test("what a transaction wrote is there when it resolves, with what its work returned", async () => {
  const result = await transaction(pool, async (tx) => {
    await note(tx, "kept");
    return "done";
  });
  assert.deepEqual([result, await notes()], ["done", ["kept"]]);
});

test("a transaction that an error has aborted rejects though the error was caught: its COMMIT is answered with ROLLBACK", async () => {
  const aborted = transaction(pool, async (tx) => {
    await note(tx, "lost");
    await tx.query("select 1 / 0").catch(() => {});
    return "done";
  });
  await assert.rejects(aborted, RolledBackError);
  assert.deepEqual(await notes(), []);
  assert.equal(await transaction(pool, async (tx) => (await note(tx, "next")).rowCount), 1, "its connection is usable");
});
