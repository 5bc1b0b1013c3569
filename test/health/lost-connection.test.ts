import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import type { PoolClient } from "pg";
import { createPool } from "#mixins/database.mixin.ts";
import { withClient } from "#mixins/transaction.ts";
import { freshDatabase } from "../support/database.ts";

const url = await freshDatabase("payment");

/** What pg makes of a server's last word. */
function hearLastWord(client: PoolClient): void {
  const { connection } = client as unknown as { connection: NodeJS.EventEmitter };
  const lastWord = { severity: "FATAL", code: "57P01" };
  connection.emit("errorMessage", Object.assign(new Error("terminating connection"), lastWord));
}

for (const [what, isNew] of [
  ["that was just made", true],
  ["that was idle", false],
] as const) {
  test(`a server that dies as a connection ${what} is lent fails who has it, and neither the process nor the next one`, async (t) => {
    const pool = createPool(url, "test", 1);
    t.after(() => pool.end());
    if (!isNew) await pool.query("select 1");
    const lent = once(pool, "acquire") as Promise<[PoolClient]>;
    // The pool stops listening in the same turn in which it lends; in that turn the last word is read.
    pool.once("acquire", (client) => void client.once("removeListener", () => hearLastWord(client)));
    await assert.rejects(
      withClient(pool, (client) => client.query("select 1")),
      /not queryable/,
    );
    const [client] = await lent;
    await withClient(pool, async (next) => {
      assert.notEqual(next, client);
      assert.equal((await next.query("select 1 as n")).rows[0].n, 1);
    });
  });
}
