import type { Knex } from "knex";
import { createOutbox } from "../facts.tables.ts";

/** Venues with the versions of their seating plans, events on them, and the facts that announce them. */
export async function up(db: Knex): Promise<void> {
  await createVenues(db);
  await createSeats(db);
  await createEvents(db);
  await createOutbox(db);
}

export async function down(db: Knex): Promise<void> {
  for (const table of [
    "outbox",
    "event_seat_prices",
    "events",
    "seats",
    "venue_categories",
    "venue_versions",
    "venues",
  ]) {
    await db.schema.dropTable(table);
  }
}

async function createVenues(db: Knex): Promise<void> {
  await db.raw(`
    create table venues (
      id uuid primary key,
      organizer_id text not null,
      name varchar(190) not null,
      version integer not null default 1 check (version > 0),
      source_sha256 bytea not null,
      created_at timestamptz not null default now(),
      unique (organizer_id, source_sha256)
    )`);
  await db.raw("comment on column venues.version is 'the newest version: what a new event gets'");
  await db.raw(
    "comment on column venues.source_sha256 is 'of the plan first imported: the same plan again is the same venue'",
  );
  // drawing is json, not jsonb: it is only handed on, and a plan may hold escapes (\\u0000) that jsonb refuses.
  await db.raw(`
    create table venue_versions (
      venue_id uuid not null references venues,
      version integer not null check (version > 0),
      seat_count integer not null check (seat_count >= 0),
      drawing json not null,
      created_at timestamptz not null default now(),
      primary key (venue_id, version)
    )`);
  await db.raw("comment on column venue_versions.drawing is 'size and areas as imported: untrusted text'");
  await db.raw(`
    create table venue_categories (
      venue_id uuid not null,
      version integer not null,
      name varchar(190) not null,
      position integer not null,
      color text,
      seat_count integer not null check (seat_count >= 0),
      primary key (venue_id, version, name),
      foreign key (venue_id, version) references venue_versions
    )`);
}

/** A version's seats never change: events, and bookings in another database, refer to them. */
async function createSeats(db: Knex): Promise<void> {
  await db.raw(`
    create table seats (
      venue_id uuid not null,
      version integer not null,
      seat_index integer not null check (seat_index >= 0),
      id uuid not null,
      guid varchar(190) not null,
      zone_index integer not null,
      zone_name varchar(190) not null,
      row_index integer not null,
      row_name varchar(190) not null,
      row_label varchar(190),
      seat_number varchar(190) not null,
      seat_label varchar(190),
      x double precision not null,
      y double precision not null,
      radius double precision,
      start_direction text,
      category varchar(190) not null,
      primary key (venue_id, version, seat_index),
      unique (venue_id, version, id),
      foreign key (venue_id, version, category) references venue_categories
    )`);
  await db.raw("comment on column seats.id is 'uuid v5 of venue and guid: the same seat in every version'");
}

async function createEvents(db: Knex): Promise<void> {
  await db.raw(`
    create table events (
      id uuid primary key,
      organizer_id text not null,
      venue_id uuid not null,
      venue_version integer not null,
      name varchar(190) not null,
      starts_at timestamptz not null,
      currency char(3) not null,
      hold_seconds integer not null check (hold_seconds > 0),
      max_seats integer not null check (max_seats > 0),
      sale_from timestamptz,
      sale_until timestamptz,
      status text not null default 'DRAFT' check (status in ('DRAFT', 'PUBLISHED')),
      version integer not null default 1 check (version > 0),
      created_at timestamptz not null default now(),
      published_at timestamptz,
      foreign key (venue_id, venue_version) references venue_versions,
      check (sale_from < sale_until),
      check ((status = 'PUBLISHED') = (published_at is not null))
    )`);
  await db.raw("comment on column events.version is 'rises with every change of a published event''s terms'");
  await db.raw("create index events_listed on events (starts_at, id) where status = 'PUBLISHED'");
  await db.raw(`
    create table event_seat_prices (
      event_id uuid not null references events,
      category varchar(190) not null,
      price_minor bigint not null check (price_minor >= 0),
      primary key (event_id, category)
    )`);
}
