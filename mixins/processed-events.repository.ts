import { plainArray } from "./plain-array.ts";
import type { Tx } from "./transaction.ts";

/**
 * Marks facts as applied by this consumer and returns those that were not before. Sorted, so that two members that were
 * given the same facts wait for one another instead of deadlocking; the second finds them applied.
 */
export async function claimNew(tx: Tx, consumer: string, factIds: readonly string[]): Promise<Set<string>> {
  const { rows } = await tx.query<{ fact_id: string }>({
    name: "processed-events-claim",
    text: `
      insert into processed_events (consumer, fact_id)
      select $1, f.id from unnest($2::uuid[]) as f(id) order by f.id
      on conflict do nothing
      returning fact_id`,
    values: [consumer, plainArray(factIds)],
  });
  return new Set(rows.map((row) => row.fact_id));
}

/** Takes the mark back from facts that were refused: sent again after a repair, they are applied. */
export async function unclaim(tx: Tx, consumer: string, factIds: readonly string[]): Promise<void> {
  if (factIds.length === 0) return;
  await tx.query({
    name: "processed-events-unclaim",
    text: "delete from processed_events where consumer = $1 and fact_id = any($2::uuid[])",
    values: [consumer, factIds],
  });
}
