import type { Pool, QueryConfig } from "pg";
import { type Fact, type NewFact, parseFact } from "#contracts/events.ts";
import { plainArray } from "./plain-array.ts";
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
 * bytes are then final: the relay publishes them as they are, however often. The values go as lines of one text, since JSON has
 * no line breaks of its own, and to quote each for an array takes both sides longer than all the rest.
 */
export function insertFacts(facts: readonly NewFact[]): QueryConfig {
  return {
    name: "outbox-insert-facts",
    text: `
      insert into outbox (fact_id, topic, key, value)
      select f.id, f.topic, convert_to(f.key, 'UTF8'),
             convert_to('{"time":"' || to_char(clock_timestamp() at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') || '",'
                        || substr(f.value, 2), 'UTF8')
      from rows from (unnest($1::uuid[], $2::text[], $3::text[]), string_to_table($4, e'\\n'))
             with ordinality as f(id, topic, key, value, n)
      order by f.n`,
    values: [
      plainArray(facts.map((f) => f.id)),
      facts.map((f) => f.type),
      facts.map((f) => f.subject),
      facts.map((f) => JSON.stringify(f)).join("\n"),
    ],
  };
}

/** Writes facts to the outbox of the transaction's database. */
export async function appendFacts(tx: Tx, facts: readonly NewFact[]): Promise<void> {
  if (facts.length > 0) await tx.query(insertFacts(facts));
}

/** Writes dead letters to the outbox, to be relayed like facts. */
export async function appendDeadLetters(tx: Tx, letters: readonly DeadLetter[]): Promise<void> {
  if (letters.length === 0) return;
  await tx.query({
    name: "outbox-insert-dead-letters",
    text: `
      insert into outbox (topic, key, value, headers)
      select d.topic, d.key, d.value, d.headers::jsonb
      from unnest($1::text[], $2::bytea[], $3::bytea[], $4::text[]) with ordinality as d(topic, key, value, headers, n)
      order by d.n`,
    values: [
      letters.map((l) => l.topic),
      letters.map((l) => l.key),
      letters.map((l) => l.value),
      letters.map((l) => JSON.stringify(l.headers)),
    ],
  });
}

/** At most this many rows and bytes a round: it is one produce request, and a repeat after a failure stays cheap. */
export const ROUND_ROWS = 1_000;
export const ROUND_BYTES = 512 * 1024;

/** Any number will do: advisory locks are a database's own. Freed by the end of the transaction, however it ends. */
export const RELAY_LOCK = 0x6576_7478;

/** Ends the round of whoever led: pg_stat_activity keeps a connection's last statement, and so who led, and when. */
export const RELAY_MARK = "/* outbox relay */";

/** Asks to be the one relay of this database until the transaction ends; never waits. Row: `{ leads }`. */
export const takeLead: QueryConfig = {
  name: "outbox-take-lead",
  text: "select pg_try_advisory_xact_lock($1) as leads",
  values: [RELAY_LOCK],
};

/** The oldest rows within the limits, always at least one. octet_length of a toasted value does not read it. */
export const readOldest: QueryConfig = {
  name: "outbox-read-oldest",
  text: `
    select id, topic, key, value, headers
    from (select o.*, row_number() over w as n,
                 sum(coalesce(octet_length(key), 0) + coalesce(octet_length(value), 0)) over w as bytes
          from (select id, topic, key, value, headers from outbox order by id limit $1) as o
          window w as (order by id rows unbounded preceding)) as bounded
    where bytes <= $2 or n = 1
    order by id`,
  values: [ROUND_ROWS, ROUND_BYTES],
};

/** Deletes exactly these rows, never `id <= max`: a lower id may have been committed since they were read. */
export const deleteRows = (rows: readonly OutboxRow[]): QueryConfig => ({
  name: "outbox-delete-rows",
  text: "delete from outbox where id = any($1::bigint[])",
  values: [plainArray(rows.map((row) => row.id))],
});

/** Beyond this it does not matter how many more there are. */
const COUNTED_MAX = 10_000;

/** How many rows wait to be published, counted up to COUNTED_MAX. */
export async function countWaiting(pool: Pool): Promise<number> {
  const { rows } = await pool.query({
    name: "outbox-count",
    text: "select count(*)::int as waiting from (select from outbox limit $1) as o",
    values: [COUNTED_MAX],
  });
  return rows[0].waiting;
}

/** Facts of one key that an operator is shown. */
const WAITING_MAX = 100;

/** The facts of a key that are not published yet, oldest first. Reads the whole outbox: for those who look, not for the hot path. */
export async function readWaiting(pool: Pool, key: string): Promise<Fact[]> {
  const { rows } = await pool.query<{ topic: string; value: Buffer }>(
    "select topic, value from outbox where key = convert_to($1, 'UTF8') and fact_id is not null order by id limit $2",
    [key, WAITING_MAX],
  );
  return rows.flatMap(({ topic, value }) => {
    const parsed = parseFact(topic, value);
    return parsed.ok ? [parsed.fact] : [];
  });
}
