import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, afterEach, beforeEach, type TestContext } from "node:test";
import pg, { type Pool } from "pg";
import { type Fact, type NewFact, newFact } from "#contracts/events.ts";
import { applyBatch } from "#mixins/apply-batch.ts";
import { createPool } from "#mixins/database.mixin.ts";
import type { Released } from "../../../services/booking/booking.changes.ts";
import type { Payment } from "../../../services/booking/change.plan.ts";
import { paymentResultConsumer } from "../../../services/booking/payment-result.consumer.ts";
import { freshDatabase } from "../../support/database.ts";
import { until } from "../../support/until.ts";

export const PRICE = 1_500;

/** A migrated booking database of its own, with the pool that the service uses. */
export async function openBoxOffice(connections?: number): Promise<Pool> {
  const pool = createPool(await freshDatabase("booking"), "test", connections);
  // What a test cuts off on purpose is not the test's end.
  pool.on("error", () => {});
  return pool;
}

/** One for all tests of a file: empty before each, sound after it, and closed at the end. */
export async function ownBoxOffice(connections?: number): Promise<Pool> {
  const pool = await openBoxOffice(connections);
  beforeEach(() =>
    pool.query("truncate event_inventory, seat_inventory, bookings, booking_items, outbox, processed_events"),
  );
  afterEach(() => assertSound(pool));
  after(() => pool.end());
  return pool;
}

interface Show {
  eventId: string;
  /** By seat_index; also in the order of their ids. */
  seatIds: string[];
}

interface Terms {
  status?: "LOADING" | "ON_SALE";
  /** Intervals from now, as `-1 hour`. */
  saleFrom?: string;
  saleUntil?: string;
}

/** An event with free seats. */
export async function putOnSale(pool: Pool, seats: number, terms: Terms = {}): Promise<Show> {
  const eventId = randomUUID();
  const seatIds = Array.from({ length: seats }, () => randomUUID()).sort();
  await pool.query(
    `insert into event_inventory (event_id, organizer_id, status, version, loaded_version, currency, hold_seconds,
                                  max_seats_per_booking, seat_count, sale_from, sale_until)
     values ($1, 'organizer', $2, 1, 1, 'EUR', 600, 10, $3,
             clock_timestamp() + $4::interval, clock_timestamp() + $5::interval)`,
    [eventId, terms.status ?? "ON_SALE", seats, terms.saleFrom, terms.saleUntil],
  );
  await pool.query(
    `insert into seat_inventory (event_id, seat_id, seat_index, price_minor)
     select $1, s.id, s.n - 1, $3 from unnest($2::uuid[]) with ordinality as s(id, n)`,
    [eventId, seatIds, PRICE],
  );
  return { eventId, seatIds };
}

export interface Held {
  bookingId: string;
  eventId: string;
  userId: string;
  seatIds: readonly string[];
  totalMinor: number;
  correlationId: string;
}

interface Wish {
  userId?: string;
  /** An interval from now; a negative one has run out. */
  expiresIn?: string;
  createdAt?: string;
}

/** A PENDING booking as a hold leaves it. */
export async function hold(pool: Pool, eventId: string, seatIds: readonly string[], wish: Wish = {}): Promise<Held> {
  const [held] = await holdEach(pool, eventId, [seatIds], wish);
  return held as Held;
}

/** A PENDING booking for each group of seats. */
export async function holdEach(
  pool: Pool,
  eventId: string,
  groups: readonly (readonly string[])[],
  { userId = "alice", expiresIn = "10 minutes", createdAt }: Wish = {},
): Promise<Held[]> {
  const held = groups.map(
    (seatIds): Held => ({
      bookingId: randomUUID(),
      eventId,
      userId,
      seatIds,
      totalMinor: seatIds.length * PRICE,
      correlationId: `c-${randomUUID()}`,
    }),
  );
  await pool.query(
    `insert into bookings (event_id, id, organizer_id, user_id, status, total_minor, currency, expires_at,
                           correlation_id, created_at, updated_at)
     select $1, b.id, 'organizer', $2, 'PENDING', b.total, 'EUR', t.now + $6::interval, b.correlation, t.at, t.at
     from unnest($3::uuid[], $4::bigint[], $5::text[]) as b(id, total, correlation),
          (select n as now, coalesce($7::timestamptz, n) as at from clock_timestamp() n) t`,
    [
      eventId,
      userId,
      held.map((h) => h.bookingId),
      held.map((h) => h.totalMinor),
      held.map((h) => h.correlationId),
      expiresIn,
      createdAt,
    ],
  );
  const items = held.flatMap(({ bookingId, seatIds }) => seatIds.map((seatId) => [bookingId, seatId] as const));
  const taken = [eventId, items.map(([bookingId]) => bookingId), items.map(([, seatId]) => seatId)];
  await pool.query(
    `insert into booking_items (event_id, booking_id, seat_id, price_minor)
     select $1, i.booking_id, i.seat_id, ${PRICE} from unnest($2::uuid[], $3::uuid[]) as i(booking_id, seat_id)`,
    taken,
  );
  await pool.query(
    `update seat_inventory s set status = 'HELD', booking_id = b.id, held_until = b.expires_at, version = s.version + 1
     from unnest($2::uuid[], $3::uuid[]) as i(booking_id, seat_id), bookings b
     where s.event_id = $1 and s.seat_id = i.seat_id and b.event_id = $1 and b.id = i.booking_id`,
    taken,
  );
  return held;
}

export const paymentOf = (held: Held, over: Partial<Payment> = {}): Payment => ({
  paymentId: randomUUID(),
  captureId: randomUUID(),
  amountMinor: held.totalMinor,
  currency: "EUR",
  ...over,
});

const about = ({ bookingId, eventId }: Held) => ({ bookingId, eventId });
const cause = { correlationid: "payment's own" };

export const paid = (held: Held, payment: Payment = paymentOf(held)): NewFact<"payment.success"> =>
  newFact("payment.success", "eventix/payment", held.bookingId, { ...about(held), ...payment }, cause);

export const failed = (held: Held): NewFact<"payment.failed"> =>
  newFact(
    "payment.failed",
    "eventix/payment",
    held.bookingId,
    { ...about(held), paymentId: randomUUID(), reason: "DECLINED" },
    cause,
  );

let offset = 0;

/** Gives facts to the consumer as one batch of its topic; `released` is what actors were told. */
export async function consume(pool: Pool, ...facts: NewFact[]) {
  const released: Released[] = [];
  const consumer = paymentResultConsumer((freed) => released.push(...freed));
  const records = facts.map((fact) => ({
    topic: fact.type,
    partition: 0,
    offset: String(offset++),
    key: Buffer.from(fact.subject),
    value: Buffer.from(JSON.stringify({ ...fact, time: new Date().toISOString() })),
  }));
  const outcome = await applyBatch({ pool, consumer, name: "booking.payment-result" }, records);
  return { ...outcome, released };
}

export async function bookingRow(pool: Pool, { bookingId }: Held) {
  const { rows } = await pool.query("select * from bookings where id = $1", [bookingId]);
  return rows[0];
}

/** The seats of an event as `status version`, by seat_index. */
export async function seatStates(pool: Pool, eventId: string): Promise<string[]> {
  const { rows } = await pool.query(
    "select status || ' ' || version as state from seat_inventory where event_id = $1 order by seat_index",
    [eventId],
  );
  return rows.map((row) => row.state);
}

/** The facts in the outbox, oldest first; of one booking, or all. */
export async function publishedFacts(pool: Pool, held?: Held): Promise<Fact[]> {
  const { rows } = await pool.query(
    "select convert_from(value, 'UTF8') as value from outbox where fact_id is not null order by id",
  );
  const facts: Fact[] = rows.map((row) => JSON.parse(row.value));
  return held ? facts.filter((fact) => fact.subject === held.bookingId) : facts;
}

export const topicsOf = (facts: readonly Fact[]): string[] => facts.map((fact) => fact.type);

/**
 * What must hold whatever happened: each booking's facts number its versions without a gap, each seat's state is that of its
 * one active item, and every change of a seat was told.
 */
export async function assertSound(pool: Pool): Promise<void> {
  const versions = new Map<string, number[]>();
  const seats = new Map<string, number>();
  for (const fact of await publishedFacts(pool)) {
    if (fact.type === "seat.changed") for (const c of fact.data.changes) seats.set(c.seatId, c.version);
    else if ("bookingVersion" in fact.data)
      versions.set(fact.subject, [...(versions.get(fact.subject) ?? []), fact.data.bookingVersion]);
  }
  const bookings = await pool.query("select id, version from bookings");
  for (const { id, version } of bookings.rows) {
    const told = versions.get(id) ?? [];
    assert.deepEqual(
      told,
      Array.from({ length: version - 1 }, (_, n) => n + 2),
      `facts of booking ${id}`,
    );
  }
  const wrong = await pool.query(`
    select s.seat_id, s.status, s.booking_id, b.status as booking
    from seat_inventory s
    left join booking_items i on i.event_id = s.event_id and i.seat_id = s.seat_id and i.released_at is null
    left join bookings b on b.event_id = i.event_id and b.id = i.booking_id
    where s.booking_id is distinct from i.booking_id
       or s.status is distinct from
          case b.status when 'PENDING' then 'HELD' when 'CONFIRMED' then 'BOOKED' else 'AVAILABLE' end
       or (s.status = 'HELD') is distinct from (s.held_until is not null)`);
  assert.deepEqual(wrong.rows, [], "seats that are not as their active item says");
  // Holds are made here by SQL and told to nobody; whatever else became of a seat was.
  const changed = await pool.query(
    "select seat_id, version from seat_inventory where status <> 'HELD' and version > 0",
  );
  for (const { seat_id, version } of changed.rows)
    assert.equal(seats.get(seat_id), version, `what was told of ${seat_id}`);
}

/** A connection outside the pool and without its time-outs: somebody else who keeps rows locked. Ends with the test. */
export async function stranger(t: TestContext, pool: Pool): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: pool.options.connectionString });
  await client.connect();
  t.after(() => client.end());
  return client;
}

/** Until `count` connections of the pool wait for a row that another has locked. */
export const untilWaiting = (pool: Pool, count: number): Promise<boolean> =>
  until(
    async () => {
      const { rowCount } = await pool.query(
        "select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
      );
      return rowCount === count;
    },
    { what: `${count} connections to wait for a lock` },
  );
