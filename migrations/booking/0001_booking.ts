import type { Knex } from "knex";
import { createOutbox, createProcessedEvents } from "../facts.tables.ts";
import { createIdempotencyKeys } from "../idempotency.tables.ts";

export async function up(db: Knex): Promise<void> {
  await createInventory(db);
  await createBookings(db);
  await createIdempotencyKeys(db);
  await createOutbox(db);
  await createProcessedEvents(db);
}

async function createInventory(db: Knex): Promise<void> {
  await db.raw(`
    create table event_inventory (
      event_id uuid primary key,
      organizer_id text not null,
      status text not null check (status in ('LOADING', 'ON_SALE')),
      version integer not null,
      loaded_version integer not null default 0,
      currency text not null,
      hold_seconds integer not null check (hold_seconds > 0),
      max_seats_per_booking integer not null check (max_seats_per_booking > 0),
      sale_from timestamptz,
      sale_until timestamptz,
      seat_count integer not null,
      loader text,
      lease_until timestamptz,
      created_at timestamptz not null default clock_timestamp()
    )`);
  await db.raw("create index event_inventory_to_load on event_inventory (created_at) where loaded_version < version");
  // Updates of status and version stay in the page (HOT): no index names a column that a sale changes.
  await db.raw(`
    create table seat_inventory (
      event_id uuid not null,
      seat_id uuid not null,
      seat_index integer not null,
      price_minor bigint not null,
      status text not null default 'AVAILABLE' check (status in ('AVAILABLE', 'HELD', 'BOOKED', 'BLOCKED')),
      booking_id uuid,
      held_until timestamptz,
      version integer not null default 0,
      primary key (event_id, seat_id),
      check ((status in ('HELD', 'BOOKED')) = (booking_id is not null))
    ) with (fillfactor = 70)`);
  await db.raw("create unique index seat_inventory_by_index on seat_inventory (event_id, seat_index)");
}

async function createBookings(db: Knex): Promise<void> {
  await db.raw(`
    create table bookings (
      event_id uuid not null,
      id uuid not null,
      organizer_id text not null,
      user_id text not null,
      status text not null check (status in ('PENDING', 'CONFIRMED', 'CANCELLED')),
      reason text check (reason in ('PAYMENT_FAILED', 'BY_USER', 'EXPIRED')),
      version integer not null default 1,
      total_minor bigint not null,
      currency text not null,
      expires_at timestamptz not null,
      ticket_reference text,
      capture_id uuid,
      correlation_id text not null,
      created_at timestamptz not null,
      updated_at timestamptz not null,
      primary key (event_id, id),
      check ((status = 'CANCELLED') = (reason is not null)),
      check ((status = 'CONFIRMED') = (ticket_reference is not null and capture_id is not null))
    ) with (fillfactor = 85)`);
  await db.raw("create index bookings_by_id on bookings (id)");
  await db.raw("create index bookings_by_user on bookings (user_id, created_at desc, id desc)");
  await db.raw("create index bookings_due on bookings (expires_at) where status = 'PENDING'");
  await db.raw(
    "create unique index bookings_ticket on bookings (event_id, ticket_reference) where ticket_reference is not null",
  );
  await db.raw(`
    create table booking_items (
      event_id uuid not null,
      booking_id uuid not null,
      seat_id uuid not null,
      price_minor bigint not null,
      released_at timestamptz,
      primary key (event_id, booking_id, seat_id)
    )`);
  // The guard that holds whatever the code does: a seat is in one active booking.
  await db.raw(
    "create unique index booking_items_one_active on booking_items (event_id, seat_id) where released_at is null",
  );
}

export async function down(db: Knex): Promise<void> {
  for (const table of [
    "idempotency_keys",
    "booking_items",
    "bookings",
    "seat_inventory",
    "event_inventory",
    "processed_events",
    "outbox",
  ]) {
    await db.raw(`drop table ${table}`);
  }
}
