-- What the migrations beside this file make. Written by `npm run schema`, held in step by a test.

create table event_seat_prices (
  event_id uuid not null,
  category character varying(190) not null,
  price_minor bigint not null,
  constraint event_seat_prices_pkey PRIMARY KEY (event_id, category),
  constraint event_seat_prices_price_minor_check CHECK ((price_minor >= 0))
);

create table events (
  id uuid not null,
  organizer_id text not null,
  venue_id uuid not null,
  venue_version integer not null,
  name character varying(190) not null,
  starts_at timestamp with time zone not null,
  currency character(3) not null,
  hold_seconds integer not null,
  max_seats integer not null,
  sale_from timestamp with time zone,
  sale_until timestamp with time zone,
  status text default 'DRAFT'::text not null,
  version integer default 1 not null,
  created_at timestamp with time zone default now() not null,
  published_at timestamp with time zone,
  constraint events_pkey PRIMARY KEY (id),
  constraint events_check CHECK ((sale_from < sale_until)),
  constraint events_check1 CHECK (((status = 'PUBLISHED'::text) = (published_at IS NOT NULL))),
  constraint events_hold_seconds_check CHECK ((hold_seconds > 0)),
  constraint events_max_seats_check CHECK ((max_seats > 0)),
  constraint events_status_check CHECK ((status = ANY (ARRAY['DRAFT'::text, 'PUBLISHED'::text]))),
  constraint events_version_check CHECK ((version > 0))
);
CREATE INDEX events_listed ON events USING btree (starts_at, id) WHERE (status = 'PUBLISHED'::text);
comment on column events.version is 'rises with every change of a published event''s terms';

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

create table seats (
  venue_id uuid not null,
  version integer not null,
  seat_index integer not null,
  id uuid not null,
  guid character varying(190) not null,
  zone_index integer not null,
  zone_name character varying(190) not null,
  row_index integer not null,
  row_name character varying(190) not null,
  row_label character varying(190),
  seat_number character varying(190) not null,
  seat_label character varying(190),
  x double precision not null,
  y double precision not null,
  radius double precision,
  start_direction text,
  category character varying(190) not null,
  constraint seats_pkey PRIMARY KEY (venue_id, version, seat_index),
  constraint seats_venue_id_version_id_key UNIQUE (venue_id, version, id),
  constraint seats_seat_index_check CHECK ((seat_index >= 0))
);
comment on column seats.id is 'uuid v5 of venue and guid: the same seat in every version';

create table venue_categories (
  venue_id uuid not null,
  version integer not null,
  name character varying(190) not null,
  position integer not null,
  color text,
  seat_count integer not null,
  constraint venue_categories_pkey PRIMARY KEY (venue_id, version, name),
  constraint venue_categories_seat_count_check CHECK ((seat_count >= 0))
);

create table venue_versions (
  venue_id uuid not null,
  version integer not null,
  seat_count integer not null,
  drawing json not null,
  created_at timestamp with time zone default now() not null,
  constraint venue_versions_pkey PRIMARY KEY (venue_id, version),
  constraint venue_versions_seat_count_check CHECK ((seat_count >= 0)),
  constraint venue_versions_version_check CHECK ((version > 0))
);
comment on column venue_versions.drawing is 'size and areas as imported: untrusted text';

create table venues (
  id uuid not null,
  organizer_id text not null,
  name character varying(190) not null,
  version integer default 1 not null,
  source_sha256 bytea not null,
  created_at timestamp with time zone default now() not null,
  constraint venues_pkey PRIMARY KEY (id),
  constraint venues_organizer_id_source_sha256_key UNIQUE (organizer_id, source_sha256),
  constraint venues_version_check CHECK ((version > 0))
);
comment on column venues.version is 'the newest version: what a new event gets';
comment on column venues.source_sha256 is 'of the plan first imported: the same plan again is the same venue';

alter table event_seat_prices add constraint event_seat_prices_event_id_fkey FOREIGN KEY (event_id) REFERENCES events(id);
alter table events add constraint events_venue_id_venue_version_fkey FOREIGN KEY (venue_id, venue_version) REFERENCES venue_versions(venue_id, version);
alter table seats add constraint seats_venue_id_version_category_fkey FOREIGN KEY (venue_id, version, category) REFERENCES venue_categories(venue_id, version, name);
alter table venue_categories add constraint venue_categories_venue_id_version_fkey FOREIGN KEY (venue_id, version) REFERENCES venue_versions(venue_id, version);
alter table venue_versions add constraint venue_versions_venue_id_fkey FOREIGN KEY (venue_id) REFERENCES venues(id);
