import type { Pool } from "pg";
import type { Tx } from "./transaction.ts";

/** One day of fact ids: uuid v7 begins with the milliseconds since 1970. `20261123`, as in its partition's name. */
export type Day = string;

const DAY_MS = 24 * 60 * 60 * 1000;
const PARTITION = /^processed_events_(\d{8})$/;
const partitionOf = (day: Day) => `processed_events_${day}`;

export const dayOf = (time: Date): Day => time.toISOString().slice(0, 10).replaceAll("-", "");
export const daysAfter = (time: Date, days: number): Date => new Date(time.getTime() + days * DAY_MS);

/** The days that have a partition, oldest first, and the database's time. */
export async function readDays(pool: Pool): Promise<{ days: Day[]; now: Date }> {
  const { rows } = await pool.query<{ names: string[]; now: Date }>(`
    select clock_timestamp() as now, array(
      select c.relname::text from pg_inherits i join pg_class c on c.oid = i.inhrelid
      where i.inhparent = 'processed_events'::regclass order by c.relname) as names`);
  const [{ names, now }] = rows as [{ names: string[]; now: Date }];
  return { days: names.flatMap((name) => PARTITION.exec(name)?.[1] ?? []), now };
}

/** One number that all nodes agree on; each database has its own. */
const UPKEEP_LOCK = 7_316_002;

/**
 * Asks to be the one that changes partitions until the transaction ends; false when another node is. From here on no statement
 * waits long for a lock, since consumers would queue behind it, nor takes long itself.
 */
export async function takeUpkeep(tx: Tx): Promise<boolean> {
  await tx.query("set local lock_timeout = '200ms'");
  await tx.query("set local statement_timeout = '1s'");
  const { rows } = await tx.query("select pg_try_advisory_xact_lock($1) as ours", [UPKEEP_LOCK]);
  return rows[0].ours;
}

/**
 * Makes the partition of a day, with the facts of that day that the default partition holds, unless it is there. Attached and
 * not created in place, which would lock out every consumer; the default partition alone is locked.
 */
export async function makeDay(tx: Tx, day: Day): Promise<boolean> {
  if (await isThere(tx, day)) return false;
  const name = partitionOf(day);
  const from = startOf(day);
  const [first, next] = [firstIdOf(from), firstIdOf(daysAfter(from, 1))];
  await tx.query("lock table only processed_events in share update exclusive mode");
  await tx.query("lock table processed_events_default in access exclusive mode");
  await tx.query(`create table ${name} (like processed_events including defaults including indexes)`);
  await tx.query(`
    with moved as (
      delete from processed_events_default where fact_id >= '${first}' and fact_id < '${next}' returning *)
    insert into ${name} select * from moved`);
  await tx.query(`alter table processed_events attach partition ${name} for values from ('${first}') to ('${next}')`);
  return true;
}

/**
 * Drops a day, unless it was dropped or a fact of it was applied after `since`; whether it did. Reads the whole partition
 * first; consumers are locked out for the drop alone, some milliseconds.
 */
export async function dropDay(tx: Tx, day: Day, since: Date): Promise<boolean> {
  if (!(await isThere(tx, day))) return false;
  await tx.query("set local statement_timeout = '60s'");
  const name = partitionOf(day);
  const { rows } = await tx.query(`select exists (select from ${name} where applied_at >= $1) as used`, [since]);
  if (rows[0].used) return false;
  await tx.query(`drop table ${name}`);
  return true;
}

async function isThere(tx: Tx, day: Day): Promise<boolean> {
  const { rows } = await tx.query("select to_regclass($1) is not null as there", [partitionOf(day)]);
  return rows[0].there;
}

const CHUNK_ROWS = 5_000;

/** Deletes from the default partition, in chunks, what was applied before. Returns how many. */
export async function pruneDefault(pool: Pool, before: Date): Promise<number> {
  for (let pruned = 0; ; ) {
    const { rowCount } = await pool.query({
      name: "processed-events-prune-default",
      text: `
        delete from processed_events_default where (consumer, fact_id) in (
          select consumer, fact_id from processed_events_default where applied_at < $1 limit $2)`,
      values: [before, CHUNK_ROWS],
    });
    pruned += rowCount ?? 0;
    if ((rowCount ?? 0) < CHUNK_ROWS) return pruned;
  }
}

const startOf = (day: Day) => new Date(`${day.slice(0, 4)}-${day.slice(4, 6)}-${day.slice(6)}T00:00:00Z`);

/** The lowest uuid v7 of a millisecond. */
function firstIdOf(time: Date): string {
  const hex = time.getTime().toString(16).padStart(12, "0");
  return `${hex.slice(0, 8)}-${hex.slice(8)}-0000-0000-000000000000`;
}
