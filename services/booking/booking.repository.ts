import type { Pool, QueryResultRow } from "pg";
import { type BookingResponse, PAGE_SIZE, type Page, type PaginationQuery } from "#contracts/booking.ts";
import type { Tx } from "#mixins/transaction.ts";
import { cursorOf, placeOf } from "./booking-cursor.ts";
import { type Booking, viewOf } from "./booking-view.ts";

/**
 * A booking with its seats. They may be read by the statement that locks the booking: which seats it has, and at what price,
 * never changes. Whether they are released does, and is not read here.
 */
const BOOKING = `
  b.event_id, b.id, b.user_id, b.status, b.reason, b.version, b.total_minor, b.currency, b.expires_at,
  b.ticket_reference, b.capture_id, b.correlation_id, b.created_at,
  (select json_agg(json_build_object('seatId', i.seat_id, 'priceMinor', i.price_minor) order by i.seat_id)
   from booking_items i where i.event_id = b.event_id and i.booking_id = b.id) as seats`;

/** The user's booking; undefined alike for one that does not exist and for another's. */
export async function findById(pool: Pool, id: string, userId: string): Promise<BookingResponse | undefined> {
  const { rows } = await pool.query({
    name: "bookings-find-by-id",
    text: `select ${BOOKING} from bookings b where b.id = $1 and b.user_id = $2`,
    values: [id, userId],
  });
  return rows[0] && viewOf(toBooking(rows[0]));
}

/** One page of the user's bookings, newest first. Throws VALIDATION_ERROR for a cursor that no page gave. */
export async function findByUserId(
  pool: Pool,
  userId: string,
  { limit = PAGE_SIZE, cursor }: PaginationQuery,
): Promise<Page<BookingResponse>> {
  const after = cursor === undefined ? undefined : placeOf(cursor);
  const { rows } = await pool.query({
    name: after ? "bookings-page-after" : "bookings-page-first",
    text: `
      select ${BOOKING}, (extract(epoch from b.created_at) * 1000000)::bigint as created_us
      from bookings b
      where b.user_id = $1
        ${after ? "and (b.created_at, b.id) < (timestamptz 'epoch' + $3::bigint * interval '1 microsecond', $4)" : ""}
      order by b.created_at desc, b.id desc
      limit $2`,
    // One more than asked for tells whether there is a next page.
    values: [userId, limit + 1, ...(after ? [after.createdUs, after.id] : [])],
  });
  const last = rows.length > limit ? rows[limit - 1] : undefined;
  return {
    items: rows.slice(0, limit).map((row) => viewOf(toBooking(row))),
    limit,
    nextCursor: last ? cursorOf({ createdUs: last.created_us, id: last.id }) : null,
  };
}

/**
 * Locks the PENDING bookings that have run out, earliest first, at most `limit`, without those of `leftOut`; what another has
 * locked is left to it. With `leftOut` it is not prepared: planned for the ids it gets, it looks them up in a hash table.
 */
export async function findExpired(tx: Tx, limit: number, leftOut: readonly string[] = []): Promise<Booking[]> {
  const some = leftOut.length > 0;
  const { rows } = await tx.query({
    ...(some ? {} : { name: "bookings-find-expired" }),
    text: `
      select ${BOOKING} from bookings b
      where b.status = 'PENDING' and b.expires_at <= (select clock_timestamp())
        ${some ? "and b.id <> all($2::uuid[])" : ""}
      order by b.expires_at
      limit $1
      for update of b skip locked`,
    values: some ? [limit, leftOut] : [limit],
  });
  return rows.map(toBooking);
}

/** Locks those of the bookings that are PENDING and have run out, also after the wait; without `wait` skips what is locked. */
export async function lockRunOut(tx: Tx, ids: readonly string[], wait: boolean): Promise<Booking[]> {
  const { rows } = await tx.query({
    name: wait ? "bookings-lock-run-out-waiting" : "bookings-lock-run-out",
    text: `
      select ${BOOKING} from bookings b
      where b.id = any($1::uuid[]) and b.status = 'PENDING' and b.expires_at <= (select clock_timestamp())
      order by b.event_id, b.id
      for update of b ${wait ? "" : "skip locked"}`,
    values: [ids],
  });
  return rows.map(toBooking);
}

/** Locks bookings, each named with its event; returns those that exist. */
export async function lockBookings(
  tx: Tx,
  keys: readonly { eventId: string; bookingId: string }[],
): Promise<Booking[]> {
  const { rows } = await tx.query({
    name: "bookings-lock",
    text: `
      select ${BOOKING}
      from unnest($1::uuid[], $2::uuid[]) as k(event_id, id)
      join bookings b on b.event_id = k.event_id and b.id = k.id
      order by b.event_id, b.id
      for update of b`,
    values: [keys.map((k) => k.eventId), keys.map((k) => k.bookingId)],
  });
  return rows.map(toBooking);
}

/** Locks the user's booking; undefined alike for one that does not exist and for another's. */
export async function lockOwn(tx: Tx, id: string, userId: string): Promise<Booking | undefined> {
  const { rows } = await tx.query({
    name: "bookings-lock-own",
    text: `select ${BOOKING} from bookings b where b.id = $1 and b.user_id = $2 for update of b`,
    values: [id, userId],
  });
  return rows[0] && toBooking(rows[0]);
}

/** Milliseconds until the earliest PENDING booking runs out, by the database's clock, not above 0 when it has; or undefined. */
export async function nextExpiry(pool: Pool): Promise<number | undefined> {
  const { rows } = await pool.query({
    name: "bookings-next-expiry",
    text: `
      select extract(epoch from b.expires_at - clock_timestamp())::float8 * 1000 as ms
      from bookings b where b.status = 'PENDING' order by b.expires_at limit 1`,
  });
  return rows[0]?.ms;
}

const toBooking = (row: QueryResultRow): Booking => ({
  id: row.id,
  eventId: row.event_id,
  userId: row.user_id,
  status: row.status,
  reason: row.reason,
  version: row.version,
  seats: row.seats,
  totalMinor: Number(row.total_minor),
  currency: row.currency,
  expiresAt: row.expires_at,
  ticketReference: row.ticket_reference,
  captureId: row.capture_id,
  correlationId: row.correlation_id,
  createdAt: row.created_at,
});
