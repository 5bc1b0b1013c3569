-- What the migrations beside this file make. Written by `npm run schema`, held in step by a test.

create table booking_items (
  event_id uuid not null,
  booking_id uuid not null,
  seat_id uuid not null,
  price_minor bigint not null,
  released_at timestamp with time zone,
  constraint booking_items_pkey PRIMARY KEY (event_id, booking_id, seat_id)
);
CREATE UNIQUE INDEX booking_items_one_active ON booking_items USING btree (event_id, seat_id) WHERE (released_at IS NULL);

create table bookings (
  event_id uuid not null,
  id uuid not null,
  organizer_id text not null,
  user_id text not null,
  status text not null,
  reason text,
  version integer default 1 not null,
  total_minor bigint not null,
  currency text not null,
  expires_at timestamp with time zone not null,
  ticket_reference text,
  capture_id uuid,
  correlation_id text not null,
  created_at timestamp with time zone not null,
  updated_at timestamp with time zone not null,
  constraint bookings_pkey PRIMARY KEY (event_id, id),
  constraint bookings_check CHECK (((status = 'CANCELLED'::text) = (reason IS NOT NULL))),
  constraint bookings_check1 CHECK (((status = 'CONFIRMED'::text) = ((ticket_reference IS NOT NULL) AND (capture_id IS NOT NULL)))),
  constraint bookings_reason_check CHECK ((reason = ANY (ARRAY['PAYMENT_FAILED'::text, 'BY_USER'::text, 'EXPIRED'::text]))),
  constraint bookings_status_check CHECK ((status = ANY (ARRAY['PENDING'::text, 'CONFIRMED'::text, 'CANCELLED'::text])))
) with (fillfactor = 85);
CREATE INDEX bookings_by_id ON bookings USING btree (id);
CREATE INDEX bookings_by_user ON bookings USING btree (user_id, created_at DESC, id DESC);
CREATE INDEX bookings_due ON bookings USING btree (expires_at) WHERE (status = 'PENDING'::text);
CREATE UNIQUE INDEX bookings_ticket ON bookings USING btree (event_id, ticket_reference) WHERE (ticket_reference IS NOT NULL);

create table event_inventory (
  event_id uuid not null,
  organizer_id text not null,
  status text not null,
  version integer not null,
  loaded_version integer default 0 not null,
  currency text not null,
  hold_seconds integer not null,
  max_seats_per_booking integer not null,
  sale_from timestamp with time zone,
  sale_until timestamp with time zone,
  seat_count integer not null,
  loader text,
  lease_until timestamp with time zone,
  created_at timestamp with time zone default clock_timestamp() not null,
  constraint event_inventory_pkey PRIMARY KEY (event_id),
  constraint event_inventory_hold_seconds_check CHECK ((hold_seconds > 0)),
  constraint event_inventory_max_seats_per_booking_check CHECK ((max_seats_per_booking > 0)),
  constraint event_inventory_status_check CHECK ((status = ANY (ARRAY['LOADING'::text, 'ON_SALE'::text])))
);
CREATE INDEX event_inventory_to_load ON event_inventory USING btree (created_at) WHERE (loaded_version < version);

create table idempotency_keys (
  user_id text not null,
  route text not null,
  key text not null,
  request_hash bytea not null,
  answer json not null,
  created_at timestamp with time zone default clock_timestamp() not null,
  constraint idempotency_keys_pkey PRIMARY KEY (user_id, route, key)
);
CREATE INDEX idempotency_keys_by_age ON idempotency_keys USING btree (created_at);

create table outbox (
  id bigint generated always as identity,
  fact_id uuid,
  topic text not null,
  key bytea,
  value bytea,
  headers jsonb default '{}'::jsonb not null,
  constraint outbox_pkey PRIMARY KEY (id)
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);

create table processed_events (
  consumer text not null,
  fact_id uuid not null,
  applied_at timestamp with time zone default now() not null,
  constraint processed_events_pkey PRIMARY KEY (consumer, fact_id)
) partition by range (fact_id);

create table seat_inventory (
  event_id uuid not null,
  seat_id uuid not null,
  seat_index integer not null,
  price_minor bigint not null,
  status text default 'AVAILABLE'::text not null,
  booking_id uuid,
  held_until timestamp with time zone,
  version integer default 0 not null,
  constraint seat_inventory_pkey PRIMARY KEY (event_id, seat_id),
  constraint seat_inventory_check CHECK (((status = ANY (ARRAY['HELD'::text, 'BOOKED'::text])) = (booking_id IS NOT NULL))),
  constraint seat_inventory_status_check CHECK ((status = ANY (ARRAY['AVAILABLE'::text, 'HELD'::text, 'BOOKED'::text, 'BLOCKED'::text])))
) with (fillfactor = 70);
CREATE UNIQUE INDEX seat_inventory_by_index ON seat_inventory USING btree (event_id, seat_index);

create table processed_events_default partition of processed_events default;
