import type { QueryConfig } from "pg";
import type { NewFact } from "#contracts/events.ts";
import type { Tx } from "./transaction.ts";

/** The outbox row of a dead letter: a record that a consumer can never apply, with its bytes as they came. */
export interface DeadLetter {
  topic: string;
  key: Buffer | null;
  value: Buffer | null;
  headers: Record<string, string>;
}

/** A row as the relay publishes it. */
export interface OutboxRow extends DeadLetter {
  /** Order of change: written after the row locks of what it speaks of. */
  id: string;
}

/**
 * The statement that writes facts to the outbox, in the order given. `time` is set here, by the database's clock, and the
 * bytes are then final: the relay publishes them as they are, however often.
 */
export function insertFacts(facts: readonly NewFact[]): QueryConfig {
  return {
    name: "outbox-insert-facts",
    text: `
      insert into outbox (fact_id, topic, key, value)
      select f.id, f.topic, convert_to(f.key, 'UTF8'),
             convert_to('{"time":"' || to_char(clock_timestamp() at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') || '",'
                        || substr(f.value, 2), 'UTF8')
      from unnest($1::uuid[], $2::text[], $3::text[], $4::text[]) with ordinality as f(id, topic, key, value, n)
      order by f.n`,
    values: [
      facts.map((f) => f.id),
      facts.map((f) => f.type),
      facts.map((f) => f.subject),
      facts.map((f) => JSON.stringify(f)),
    ],
  };
}

/** Writes facts to the outbox of the transaction's database. */
export async function appendFacts(tx: Tx, facts: readonly NewFact[]): Promise<void> {
  if (facts.length > 0) await tx.query(insertFacts(facts));
}
