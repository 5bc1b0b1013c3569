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
