import type pg from "pg";
import { RELAY_LOCK } from "#mixins/outbox.repository.ts";

export interface BenchEvent {
  id: string;
  seats: number;
}

/** Puts new events on sale, as the provisioner leaves them, without a catalog. Seat n of an event has the id `seatId(event, n)`. */
export async function putOnSale(
  db: pg.Pool,
  events: number,
  seats: number,
  holdSeconds = 3_600,
): Promise<BenchEvent[]> {
  const { rows } = await db.query(
    `insert into event_inventory (event_id, organizer_id, status, version, loaded_version, currency, hold_seconds,
                                  max_seats_per_booking, seat_count)
     select gen_random_uuid(), 'bench', 'ON_SALE', 1, 1, 'EUR', $3, 10, $2 from generate_series(1, $1)
     returning event_id`,
    [events, seats, holdSeconds],
  );
  const ids = rows.map((row) => row.event_id as string);
  await db.query(
    `insert into seat_inventory (event_id, seat_id, seat_index, price_minor)
     select e, md5(e || ':' || n)::uuid, n, 2500 from unnest($1::uuid[]) e, generate_series(0, $2 - 1) n order by e, n`,
    [ids, seats],
  );
  await db.query("analyze seat_inventory, event_inventory");
  return ids.map((id) => ({ id, seats }));
}

/** How many bookings there are, and how many seats are in two of them at once (never any). */
export async function countBookings(db: pg.Pool): Promise<{ bookings: number; oversold: number }> {
  const { rows } = await db.query(`
    select (select count(*)::int from bookings) as bookings,
           (select count(*)::int from (select from booking_items where released_at is null
                                       group by event_id, seat_id having count(*) > 1) d) as oversold`);
  return rows[0];
}

/** How often two transactions of booking's database have waited for each other, so far. */
export async function deadlocks(db: pg.Pool): Promise<number> {
  const { rows } = await db.query(
    "select deadlocks::int as n from pg_stat_database where datname = current_database()",
  );
  return rows[0].n;
}

/** Facts that wait for the relay. */
export async function countFacts(db: pg.Pool): Promise<number> {
  return (await db.query("select count(*)::int as n from outbox")).rows[0].n;
}

/** No node relays meanwhile: it would slow Postgres down, and made-up facts are such as consumers have to refuse. */
export async function withoutRelay<T>(db: pg.Pool, work: () => Promise<T>): Promise<T> {
  const lead = await db.connect();
  try {
    await lead.query("select pg_advisory_lock($1)", [RELAY_LOCK]);
    return await work();
  } finally {
    await lead.query("select pg_advisory_unlock($1)", [RELAY_LOCK]);
    lead.release();
  }
}

/** Takes all bookings away again, so that each run begins with the same tables. */
export async function clearShelf(db: pg.Pool): Promise<void> {
  await db.query("truncate event_inventory, seat_inventory, bookings, booking_items, idempotency_keys, outbox");
}

/** Holds every seat of these events, each by a booking of its own, all of them due at one time; nobody sees a part of them. */
export async function holdSeats(db: pg.Pool, events: readonly BenchEvent[], due: Date): Promise<void> {
  const ids = events.map(({ id }) => id);
  const client = await db.connect();
  try {
    await client.query("begin");
    await client.query(
      `insert into bookings (event_id, id, organizer_id, user_id, status, total_minor, currency, expires_at, correlation_id,
                             created_at, updated_at)
       select event_id, seat_id, 'bench', 'buyer-' || seat_index % 512, 'PENDING', price_minor, 'EUR', $2,
              'bench', clock_timestamp(), clock_timestamp()
       from seat_inventory where event_id = any($1)`,
      [ids, due],
    );
    await client.query(
      `insert into booking_items (event_id, booking_id, seat_id, price_minor)
       select event_id, seat_id, seat_id, price_minor from seat_inventory where event_id = any($1)`,
      [ids],
    );
    await client.query(
      `update seat_inventory set status = 'HELD', booking_id = seat_id, held_until = $2, version = 1
       where event_id = any($1)`,
      [ids, due],
    );
    await client.query("commit");
  } finally {
    client.release();
  }
  await db.query("vacuum analyze seat_inventory, bookings, booking_items");
}

/** Whether a booking that fell due then has not been expired yet. */
export async function isAnyPending(db: pg.Pool, due: Date): Promise<boolean> {
  const { rows } = await db.query(
    "select exists (select from bookings where status = 'PENDING' and expires_at <= $1) as pending",
    [due],
  );
  return rows[0].pending;
}

/** What has become of the bookings that fell due then, and the seconds between the first that was expired and the last. */
export async function sweepOf(db: pg.Pool, due: Date) {
  const { rows } = await db.query(
    `select count(*) filter (where b.reason = 'EXPIRED')::int as expired,
            count(*) filter (where s.status <> 'AVAILABLE')::int as held_seats,
            count(*) filter (where i.released_at is null)::int as active_items,
            extract(epoch from max(b.updated_at) - min(b.updated_at))::float8 as seconds
     from bookings b
     join booking_items i on i.event_id = b.event_id and i.booking_id = b.id
     join seat_inventory s on s.event_id = i.event_id and s.seat_id = i.seat_id
     where b.expires_at = $1`,
    [due],
  );
  const { expired, held_seats: heldSeats, active_items: activeItems, seconds } = rows[0];
  return { expired, heldSeats, activeItems, seconds };
}

/** What a sweep does to bookings, items, seats and outbox, as one statement over all that is held. */
export async function expireInOneStatement(db: pg.Pool): Promise<void> {
  await db.query(`
    with due as (
      update bookings set status = 'CANCELLED', reason = 'EXPIRED', version = version + 1, updated_at = clock_timestamp()
      where status = 'PENDING' returning event_id, id),
    items as (
      update booking_items i set released_at = clock_timestamp() from due d
      where i.event_id = d.event_id and i.booking_id = d.id returning i.event_id, i.seat_id),
    seats as (
      update seat_inventory s set status = 'AVAILABLE', booking_id = null, held_until = null, version = s.version + 1
      from items i where s.event_id = i.event_id and s.seat_id = i.seat_id returning s.event_id, s.seat_id, s.version)
    insert into outbox (fact_id, topic, key, value)
    select gen_random_uuid(), 'booking.expired', convert_to(id::text, 'UTF8'), convert_to(repeat('x', 350), 'UTF8') from due
    union all
    select gen_random_uuid(), 'seat.changed', convert_to(event_id::text, 'UTF8'), convert_to(repeat('x', 120 * count(*)::int), 'UTF8')
    from seats group by event_id`);
}
