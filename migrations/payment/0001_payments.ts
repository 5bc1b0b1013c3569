import type { Knex } from "knex";
import { createOutbox, createProcessedEvents } from "../facts.tables.ts";

export async function up(db: Knex): Promise<void> {
  await db.raw(`
    create table payments (
      id uuid primary key,
      booking_id uuid not null unique,
      status text not null check (status in ('REQUESTED', 'SUCCEEDED', 'FAILED', 'VOIDED')),
      reason text,
      -- Null in a payment that was voided before its booking was known, until it is.
      event_id uuid,
      user_id text,
      seat_ids uuid[],
      amount_minor bigint check (amount_minor >= 0),
      currency text check (currency ~ '^[A-Z]{3}$'),
      expires_at timestamptz,
      -- No attempt starts after this.
      start_by timestamptz,
      -- Of the booking.created that asked for it.
      correlation_id text,
      causation_id text,
      traceparent text,
      created_at timestamptz not null default clock_timestamp(),
      updated_at timestamptz not null default clock_timestamp(),
      check (status = 'VOIDED' or num_nulls(event_id, user_id, seat_ids, amount_minor, currency, expires_at, start_by) = 0)
    ) with (fillfactor = 80)`);
  await db.raw(`
    create table attempts (
      payment_id uuid not null references payments,
      number integer not null check (number >= 1),
      state text not null check (state in ('REQUESTED', 'CHARGING', 'TAKEN', 'DECLINED', 'STOPPED', 'VOIDED')),
      -- Not to be claimed before: the lease of whoever charges, or the wait for the next question to the provider.
      lease_until timestamptz not null default clock_timestamp(),
      -- How often it was claimed; tells a claim from the ones before it.
      claims integer not null default 0,
      stop_wanted boolean not null default false,
      primary key (payment_id, number)
    ) with (fillfactor = 70)`);
  await db.raw("create index attempts_open on attempts (lease_until) where state in ('REQUESTED', 'CHARGING')");
  await db.raw(`
    create table captures (
      id uuid primary key,
      payment_id uuid not null references payments,
      booking_id uuid not null,
      event_id uuid not null,
      provider text not null,
      provider_ref text not null,
      amount_minor bigint not null check (amount_minor >= 0),
      currency text not null,
      status text not null default 'CAPTURED' check (status in ('CAPTURED', 'REFUND_DUE', 'REFUNDED')),
      lease_until timestamptz,
      claims integer not null default 0,
      -- Of the booking.refund_due that asked for the money back.
      correlation_id text,
      causation_id text,
      traceparent text,
      created_at timestamptz not null default clock_timestamp(),
      updated_at timestamptz not null default clock_timestamp(),
      unique (provider, provider_ref)
    )`);
  await db.raw("create index captures_of_payment on captures (payment_id)");
  await db.raw("create index captures_refund_due on captures (lease_until) where status = 'REFUND_DUE'");
  // The mock provider's own book, of which the payment tables know nothing: as if it were another company's.
  await db.raw(`
    create table mock_ledger (
      key text primary key,
      kind text not null check (kind in ('CHARGE', 'REFUND')),
      state text not null check (state in ('PENDING', 'TAKEN', 'DECLINED', 'STOPPED', 'REFUNDED')),
      -- What a pending charge becomes when it is ready.
      planned text check (planned in ('TAKEN', 'DECLINED')),
      ready_at timestamptz not null,
      amount_minor bigint not null,
      currency text not null,
      provider_ref text not null unique,
      -- A charge is given back once, whatever key it is asked with.
      refund_of text unique references mock_ledger (provider_ref),
      created_at timestamptz not null default clock_timestamp()
    ) with (fillfactor = 80)`);
  await createOutbox(db);
  await createProcessedEvents(db);
}

export async function down(db: Knex): Promise<void> {
  await db.raw("drop table outbox, processed_events, mock_ledger, captures, attempts, payments");
}
