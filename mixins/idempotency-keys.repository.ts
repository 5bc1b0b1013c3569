import type { Pool } from "pg";

/** Rows a statement: some milliseconds, so that nobody waits for it. */
const CHUNK_ROWS = 1_000;

/**
 * Deletes the answers that are older than a day, in chunks, and returns how many. Any number of nodes may do it at once: a row
 * that another is deleting is left to it. `now` is the database's clock unless it is given.
 */
export async function pruneKeys(pool: Pool, now: Date | null = null): Promise<number> {
  for (let pruned = 0; ; ) {
    const { rowCount } = await pool.query({
      name: "idempotency-keys-prune",
      text: `
        delete from idempotency_keys where (user_id, route, key) in (
          select user_id, route, key from idempotency_keys
          where created_at < (select coalesce($1, clock_timestamp())) - interval '24 hours'
          order by created_at limit $2 for update skip locked)`,
      values: [now, CHUNK_ROWS],
    });
    pruned += rowCount ?? 0;
    if ((rowCount ?? 0) < CHUNK_ROWS) return pruned;
  }
}
