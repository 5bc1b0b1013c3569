-- What the migrations beside this file make. Written by `npm run schema`, held in step by a test.

create table attempts (
  payment_id uuid not null,
  number integer not null,
  state text not null,
  lease_until timestamp with time zone default clock_timestamp() not null,
  claims integer default 0 not null,
  stop_wanted boolean default false not null,
  checkout_url text,
  constraint attempts_pkey PRIMARY KEY (payment_id, number),
  constraint attempts_number_check CHECK ((number >= 1)),
  constraint attempts_state_check CHECK ((state = ANY (ARRAY['REQUESTED'::text, 'CHARGING'::text, 'TAKEN'::text, 'DECLINED'::text, 'STOPPED'::text, 'VOIDED'::text])))
) with (fillfactor = 70);
CREATE INDEX attempts_open ON attempts USING btree (lease_until) WHERE (state = ANY (ARRAY['REQUESTED'::text, 'CHARGING'::text]));

create table captures (
  id uuid not null,
  payment_id uuid not null,
  booking_id uuid not null,
  event_id uuid not null,
  provider text not null,
  provider_ref text not null,
  amount_minor bigint not null,
  currency text not null,
  status text default 'CAPTURED'::text not null,
  lease_until timestamp with time zone,
  claims integer default 0 not null,
  correlation_id text,
  causation_id text,
  traceparent text,
  created_at timestamp with time zone default clock_timestamp() not null,
  updated_at timestamp with time zone default clock_timestamp() not null,
  constraint captures_pkey PRIMARY KEY (id),
  constraint captures_provider_provider_ref_key UNIQUE (provider, provider_ref),
  constraint captures_amount_minor_check CHECK ((amount_minor >= 0)),
  constraint captures_status_check CHECK ((status = ANY (ARRAY['CAPTURED'::text, 'REFUND_DUE'::text, 'REFUNDED'::text])))
);
CREATE INDEX captures_of_payment ON captures USING btree (payment_id);
CREATE INDEX captures_refund_due ON captures USING btree (lease_until) WHERE (status = 'REFUND_DUE'::text);

create table mock_ledger (
  key text not null,
  kind text not null,
  state text not null,
  planned text,
  ready_at timestamp with time zone not null,
  amount_minor bigint not null,
  currency text not null,
  provider_ref text not null,
  refund_of text,
  created_at timestamp with time zone default clock_timestamp() not null,
  constraint mock_ledger_pkey PRIMARY KEY (key),
  constraint mock_ledger_provider_ref_key UNIQUE (provider_ref),
  constraint mock_ledger_refund_of_key UNIQUE (refund_of),
  constraint mock_ledger_kind_check CHECK ((kind = ANY (ARRAY['CHARGE'::text, 'REFUND'::text]))),
  constraint mock_ledger_planned_check CHECK ((planned = ANY (ARRAY['TAKEN'::text, 'DECLINED'::text]))),
  constraint mock_ledger_state_check CHECK ((state = ANY (ARRAY['PENDING'::text, 'TAKEN'::text, 'DECLINED'::text, 'STOPPED'::text, 'REFUNDED'::text])))
) with (fillfactor = 80);

create table outbox (
  id bigint generated always as identity,
  fact_id uuid,
  topic text not null,
  key bytea,
  value bytea,
  headers jsonb default '{}'::jsonb not null,
  constraint outbox_pkey PRIMARY KEY (id)
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);

create table payments (
  id uuid not null,
  booking_id uuid not null,
  status text not null,
  reason text,
  event_id uuid,
  user_id text,
  seat_ids uuid[],
  amount_minor bigint,
  currency text,
  expires_at timestamp with time zone,
  start_by timestamp with time zone,
  correlation_id text,
  causation_id text,
  traceparent text,
  created_at timestamp with time zone default clock_timestamp() not null,
  updated_at timestamp with time zone default clock_timestamp() not null,
  constraint payments_pkey PRIMARY KEY (id),
  constraint payments_booking_id_key UNIQUE (booking_id),
  constraint payments_amount_minor_check CHECK ((amount_minor >= 0)),
  constraint payments_check CHECK (((status = 'VOIDED'::text) OR (num_nulls(event_id, user_id, seat_ids, amount_minor, currency, expires_at, start_by) = 0))),
  constraint payments_currency_check CHECK ((currency ~ '^[A-Z]{3}$'::text)),
  constraint payments_status_check CHECK ((status = ANY (ARRAY['REQUESTED'::text, 'SUCCEEDED'::text, 'FAILED'::text, 'VOIDED'::text])))
) with (fillfactor = 80);

create table processed_events (
  consumer text not null,
  fact_id uuid not null,
  applied_at timestamp with time zone default now() not null,
  constraint processed_events_pkey PRIMARY KEY (consumer, fact_id)
) partition by range (fact_id);

create table provider_events (
  provider text not null,
  event_id text not null,
  received_at timestamp with time zone default clock_timestamp() not null,
  constraint provider_events_pkey PRIMARY KEY (provider, event_id)
);
CREATE INDEX provider_events_by_age ON provider_events USING btree (received_at);

create table processed_events_default partition of processed_events default;

alter table attempts add constraint attempts_payment_id_fkey FOREIGN KEY (payment_id) REFERENCES payments(id);
alter table captures add constraint captures_payment_id_fkey FOREIGN KEY (payment_id) REFERENCES payments(id);
alter table mock_ledger add constraint mock_ledger_refund_of_fkey FOREIGN KEY (refund_of) REFERENCES mock_ledger(provider_ref);
