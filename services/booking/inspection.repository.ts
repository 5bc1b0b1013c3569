import type { Pool, QueryResultRow } from "pg";
import {
  BOOKINGS_OF_SEAT,
  type InspectedBooking,
  type InspectedEvent,
  type InspectedSeat,
} from "#contracts/inspection.ts";

/** Anybody's booking, with what has become of its seats. */
export async function inspectBooking(pool: Pool, id: string): Promise<InspectedBooking | undefined> {
  const { rows } = await pool.query(
    `select b.*, b.expires_at <= clock_timestamp() as has_run_out,
            round(extract(epoch from b.expires_at - b.created_at))::integer as hold_seconds,
            (select json_agg(json_build_object('seatId', i.seat_id, 'priceMinor', i.price_minor,
                                               'releasedAt', i.released_at, 'takenBy', nullif(s.booking_id, b.id))
                             order by i.seat_id)
             from booking_items i left join seat_inventory s on s.event_id = i.event_id and s.seat_id = i.seat_id
             where i.event_id = b.event_id and i.booking_id = b.id) as seats
     from bookings b where b.id = $1`,
    [id],
  );
  return rows[0] && bookingOf(rows[0]);
}

/** An event on the shelf, with its seats and bookings counted. */
export async function inspectEvent(pool: Pool, eventId: string): Promise<InspectedEvent | undefined> {
  const { rows } = await pool.query(
    `select e.*, e.status = 'ON_SALE' and (e.sale_from is null or e.sale_from <= clock_timestamp())
                 and (e.sale_until is null or e.sale_until > clock_timestamp()) as is_on_sale,
            (select json_object_agg(status, n) from (
               select status, count(*) as n from seat_inventory where event_id = $1 group by status) s) as seats,
            (select json_agg(json_build_object('status', status, 'reason', reason, 'count', n, 'totalMinor', total)
                             order by status desc, reason) from (
               select status, reason, count(*) as n, sum(total_minor) as total
               from bookings where event_id = $1 group by status, reason) b) as bookings,
            p.next_expiry, p.run_out
     from event_inventory e,
          (select min(expires_at) filter (where expires_at > clock_timestamp()) as next_expiry,
                  count(*) filter (where expires_at <= clock_timestamp()) as run_out
           from bookings where event_id = $1 and status = 'PENDING') p
     where e.event_id = $1`,
    [eventId],
  );
  return rows[0] && eventOf(rows[0]);
}

/** A seat as it is, and the bookings it was in. */
export async function inspectSeat(pool: Pool, eventId: string, seatId: string): Promise<InspectedSeat | undefined> {
  const { rows } = await pool.query(
    `select s.*, e.currency,
            (select json_agg(json_build_object('id', id, 'userId', user_id, 'status', status, 'reason', reason,
                                               'createdAt', created_at, 'releasedAt', released_at))
             from (select b.id, b.user_id, b.status, b.reason, b.created_at, i.released_at
                   from booking_items i join bookings b on b.event_id = i.event_id and b.id = i.booking_id
                   where i.event_id = $1 and i.seat_id = $2 order by b.created_at desc, b.id desc limit $3) latest) as bookings
     from seat_inventory s join event_inventory e using (event_id)
     where s.event_id = $1 and s.seat_id = $2`,
    [eventId, seatId, BOOKINGS_OF_SEAT],
  );
  return rows[0] && seatOf(rows[0]);
}

const instant = (at: Date | null): string | null => at?.toISOString() ?? null;
/** Postgres writes instants into JSON with the offset of its session. */
const instantOf = (text: string | null): string | null => (text === null ? null : new Date(text).toISOString());

const bookingOf = (row: QueryResultRow): InspectedBooking => ({
  id: row.id,
  eventId: row.event_id,
  organizerId: row.organizer_id,
  userId: row.user_id,
  status: row.status,
  reason: row.reason,
  version: row.version,
  totalMinor: Number(row.total_minor),
  currency: row.currency,
  holdSeconds: row.hold_seconds,
  expiresAt: row.expires_at.toISOString(),
  hasRunOut: row.has_run_out,
  ticketReference: row.ticket_reference,
  captureId: row.capture_id,
  correlationId: row.correlation_id,
  createdAt: row.created_at.toISOString(),
  updatedAt: row.updated_at.toISOString(),
  seats: ((row.seats ?? []) as InspectedBooking["seats"]).map((seat) => ({
    ...seat,
    releasedAt: instantOf(seat.releasedAt),
  })),
});

const eventOf = (row: QueryResultRow): InspectedEvent => ({
  eventId: row.event_id,
  organizerId: row.organizer_id,
  status: row.status,
  version: row.version,
  loadedVersion: row.loaded_version,
  currency: row.currency,
  holdSeconds: row.hold_seconds,
  maxSeatsPerBooking: row.max_seats_per_booking,
  saleFrom: instant(row.sale_from),
  saleUntil: instant(row.sale_until),
  isOnSale: row.is_on_sale,
  seats: { AVAILABLE: 0, HELD: 0, BOOKED: 0, BLOCKED: 0, ...row.seats },
  bookings: row.bookings ?? [],
  nextExpiry: instant(row.next_expiry),
  runOut: Number(row.run_out),
});

const seatOf = (row: QueryResultRow): InspectedSeat => ({
  eventId: row.event_id,
  seatId: row.seat_id,
  index: row.seat_index,
  priceMinor: Number(row.price_minor),
  currency: row.currency,
  status: row.status,
  version: row.version,
  bookingId: row.booking_id,
  heldUntil: instant(row.held_until),
  bookings: ((row.bookings ?? []) as InspectedSeat["bookings"]).map((booking) => ({
    ...booking,
    createdAt: instantOf(booking.createdAt) as string,
    releasedAt: instantOf(booking.releasedAt),
  })),
});
