import type { Pool } from "pg";

/** The newest row on its way to Kafka; "0" when there is none. */
export async function newestOutboxId(pool: Pool): Promise<string> {
  const { rows } = await pool.query<{ id: string }>("select coalesce(max(id), 0)::text as id from outbox");
  return rows[0]?.id as string;
}

/** Whether every row up to this one was published. */
export async function isPublished(pool: Pool, id: string): Promise<boolean> {
  const { rows } = await pool.query<{ left: boolean }>("select exists (select from outbox where id <= $1) as left", [
    id,
  ]);
  return rows[0]?.left === false;
}
