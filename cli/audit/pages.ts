import type { Pool } from "pg";

/** What the audit reads at a time. */
export const PAGE = 5_000;
const FIRST_UUID = "00000000-0000-0000-0000-000000000000";

/** All rows of a query that gives those after an id ($1), by id, at most $2 of them. */
export async function* pages<Row extends { id: string }>(pool: Pool, text: string): AsyncGenerator<Row[]> {
  for (let after = FIRST_UUID; ; ) {
    const { rows } = await pool.query<Row>(text, [after, PAGE]);
    if (rows.length > 0) yield rows;
    if (rows.length < PAGE) return;
    after = rows.at(-1)?.id as string;
  }
}
