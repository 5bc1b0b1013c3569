import type { Knex } from "knex";

/** Facts on their way to Kafka. Relayed by `id`, which follows the order of change: rows are written after the row locks. */
export async function createOutbox(db: Knex): Promise<void> {
  await db.raw(`
    create table outbox (
      id bigint generated always as identity (cache 1) primary key,
      fact_id uuid,
      topic text not null,
      key bytea,
      value bytea,
      headers jsonb not null default '{}'
    ) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000)`);
}

/** Which facts each consumer has applied. By range of fact_id: the ids are uuid v7, so a day is a range. */
export async function createProcessedEvents(db: Knex): Promise<void> {
  await db.raw(`
    create table processed_events (
      consumer text not null,
      fact_id uuid not null,
      primary key (consumer, fact_id)
    ) partition by range (fact_id)`);
  await db.raw("create table processed_events_default partition of processed_events default");
}

/**
 * Lets processed_events be kept in days: says of each fact when it was applied, and makes the facts applied so far, all in the
 * default partition, the partition of all days up to today. It is taken over as it is, since copying millions of rows would
 * stop the consumers for minutes. The service makes and drops the days from here on (mixins/processed-days.ts).
 */
export async function divideProcessedEvents(db: Knex): Promise<void> {
  // now() and not clock_timestamp(): a default that is the same for all rows does not rewrite the table.
  await db.raw("alter table processed_events add column applied_at timestamptz not null default now()");
  const { rows } = await db.raw(`
    select exists (select from processed_events_default) as used,
           to_char(tomorrow - 1, 'YYYYMMDD') as today,
           rpad(lpad(to_hex((extract(epoch from tomorrow) * 1000)::bigint), 12, '0'), 32, '0')::uuid as bound
    from (select (now() at time zone 'utc')::date + 1 as tomorrow)`);
  const { used, today, bound } = rows[0] as { used: boolean; today: string; bound: string };
  if (!used) return;
  const day = `processed_events_${today}`;
  await db.raw("alter table processed_events detach partition processed_events_default");
  await db.raw(`alter table processed_events_default rename to ${day}`);
  await db.raw(`alter table ${day} rename constraint processed_events_default_pkey to ${day}_pkey`);
  await db.raw("create table processed_events_default partition of processed_events default");
  // Ids of no day so far, made by another version of uuid or a clock that was ahead.
  const odd = `delete from ${day} where fact_id >= '${bound}' returning *`;
  await db.raw(`with odd as (${odd}) insert into processed_events_default select * from odd`);
  await db.raw(`alter table processed_events attach partition ${day} for values from (minvalue) to ('${bound}')`);
}

/** Puts all days back into the default partition. */
export async function undivideProcessedEvents(db: Knex): Promise<void> {
  await db.raw("create temporary table all_days on commit drop as select consumer, fact_id from processed_events");
  await db.raw("drop table processed_events");
  await createProcessedEvents(db);
  await db.raw("insert into processed_events select consumer, fact_id from all_days");
}
