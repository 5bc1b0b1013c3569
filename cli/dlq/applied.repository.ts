import type { Client } from "pg";

/** Those of these facts that the consumer has applied. */
export async function readApplied(client: Client, consumer: string, factIds: readonly string[]): Promise<string[]> {
  const { rows } = await client.query<{ fact_id: string }>(
    "select fact_id from processed_events where consumer = $1 and fact_id = any($2::uuid[])",
    [consumer, factIds],
  );
  return rows.map(({ fact_id }) => fact_id);
}
