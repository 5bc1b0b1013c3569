import type { Knex } from "knex";

/** For a provider that sends the buyer to a page of its own, and tells the result later. */
export async function up(db: Knex): Promise<void> {
  await db.raw("alter table attempts add column checkout_url text");
  await db.raw(`
    create table provider_events (
      provider text not null,
      -- The provider's: the same however often it sends the event.
      event_id text not null,
      received_at timestamptz not null default clock_timestamp(),
      primary key (provider, event_id)
    )`);
  await db.raw("create index provider_events_by_age on provider_events (received_at)");
}

export async function down(db: Knex): Promise<void> {
  await db.raw("drop table provider_events");
  await db.raw("alter table attempts drop column checkout_url");
}
