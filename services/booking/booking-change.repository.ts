import type { QueryConfig } from "pg";
import { plainArray } from "#mixins/plain-array.ts";
import { flight, type Tx } from "#mixins/transaction.ts";
import type { Booking } from "./booking-view.ts";
import { type LockedSeat, seatKey } from "./hold.plan.ts";
import { lockSeats, toLockedSeat } from "./sql/lock-seats.sql.ts";
import { readTerms, toTerms } from "./sql/read-terms.sql.ts";

/** A row as it was locked and as it is to be. */
export interface Replaced<T> {
  before: T;
  after: T;
}

/** Everything a batch of transitions changes. */
export interface ChangedRows {
  bookings: readonly Replaced<Booking>[];
  /** Bookings whose items end, and those whose ended items begin again. */
  released: readonly Booking[];
  retaken: readonly Booking[];
  seats: readonly Replaced<LockedSeat>[];
}

/** Locks all seats of bookings that are locked, waiting for those that others hold. By seatKey. */
export async function lockSeatsOf(tx: Tx, bookings: readonly Booking[]): Promise<Map<string, LockedSeat>> {
  const wanted = new Map<string, { eventId: string; seatId: string }>();
  for (const { eventId, seats } of bookings)
    for (const { seatId } of seats) wanted.set(seatKey(eventId, seatId), { eventId, seatId });
  if (wanted.size === 0) return new Map();
  const { rows } = await tx.query(lockSeats([...wanted.values()], true));
  return new Map(rows.map(toLockedSeat).map((seat) => [seatKey(seat.eventId, seat.seatId), seat]));
}

/** The bookings without those that have a seat locked by another. Locks what seats it can, and waits for none. */
export async function withoutLockedSeats(tx: Tx, bookings: readonly Booking[]): Promise<Booking[]> {
  const seats = bookings.flatMap(({ id, eventId, seats }) => seats.map(({ seatId }) => ({ id, eventId, seatId })));
  const { rows } = await tx.query<{ booking_id: string }>({
    name: "bookings-with-locked-seats",
    text: `
      with wanted as (select * from unnest($1::uuid[], $2::uuid[], $3::uuid[]) as k(booking_id, event_id, seat_id)),
           locked as materialized (
             select s.event_id, s.seat_id
             from wanted k join seat_inventory s on s.event_id = k.event_id and s.seat_id = k.seat_id
             order by s.event_id, s.seat_id
             for update of s skip locked)
      select k.booking_id
      from wanted k join seat_inventory s on s.event_id = k.event_id and s.seat_id = k.seat_id
      where not exists (select from locked l where l.event_id = s.event_id and l.seat_id = s.seat_id)`,
    values: [
      plainArray(seats.map((s) => s.id)),
      plainArray(seats.map((s) => s.eventId)),
      plainArray(seats.map((s) => s.seatId)),
    ],
  });
  const blocked = new Set(rows.map((row) => row.booking_id));
  return bookings.filter(({ id }) => !blocked.has(id));
}

/** Those of the events that are on sale now, by status and sale window. */
export async function findOnSale(tx: Tx, eventIds: readonly string[]): Promise<Set<string>> {
  if (eventIds.length === 0) return new Set();
  const { rows } = await tx.query(readTerms(eventIds));
  return new Set(rows.map(toTerms).flatMap(({ eventId, onSale }) => (onSale ? [eventId] : [])));
}

/** Those of the references that their event has given out already. */
export async function findTickets<T extends { eventId: string; reference: string }>(
  tx: Tx,
  tickets: readonly T[],
): Promise<T[]> {
  const { rows } = await tx.query<{ n: string }>({
    name: "bookings-find-tickets",
    text: `
      select k.n
      from unnest($1::uuid[], $2::text[]) with ordinality as k(event_id, reference, n)
      where exists (select from bookings b where b.event_id = k.event_id and b.ticket_reference = k.reference)`,
    values: [tickets.map((t) => t.eventId), tickets.map((t) => t.reference)],
  });
  return rows.map(({ n }) => tickets[Number(n) - 1] as T);
}

/** Rows that are locked are not as they were read: a fault of ours, which no repeat mends. */
export class RowsChangedError extends Error {
  override name = "RowsChangedError";
}

/**
 * Writes a batch's changes in one flight. All rows are locked by the caller; each is replaced only as it was read, so that even
 * without its lock a change of another's is never overwritten. Throws RowsChangedError.
 */
export async function saveChanges(tx: Tx, changed: ChangedRows): Promise<void> {
  const writes = [
    changed.bookings.length > 0 && updateBookings(changed.bookings),
    // Items end before others begin: the guard's index sees each statement by itself.
    changed.released.length > 0 && updateItems(changed.released, true),
    changed.retaken.length > 0 && updateItems(changed.retaken, false),
    changed.seats.length > 0 && updateSeats(changed.seats),
  ].filter((write) => write !== false);
  const results = await flight(tx, writes);
  const written = results.reduce((sum, { rowCount }) => sum + (rowCount ?? 0), 0);
  const items = [...changed.released, ...changed.retaken].reduce((sum, { seats }) => sum + seats.length, 0);
  if (written !== changed.bookings.length + items + changed.seats.length) {
    throw new RowsChangedError(`Of ${changed.bookings.length} bookings not all rows are as they were read.`);
  }
}

const updateBookings = (changes: readonly Replaced<Booking>[]): QueryConfig => ({
  name: "bookings-change",
  text: `
      update bookings b
      set status = k.status, reason = k.reason, version = k.version, ticket_reference = k.ticket_reference,
          capture_id = k.capture_id, updated_at = clock_timestamp()
      from unnest($1::uuid[], $2::uuid[], $3::text[], $4::int[], $5::text[], $6::text[], $7::int[], $8::text[], $9::uuid[])
        as k(event_id, id, old_status, old_version, status, reason, version, ticket_reference, capture_id)
      where b.event_id = k.event_id and b.id = k.id and b.status = k.old_status and b.version = k.old_version`,
  values: [
    plainArray(changes.map((c) => c.before.eventId)),
    plainArray(changes.map((c) => c.before.id)),
    changes.map((c) => c.before.status),
    changes.map((c) => c.before.version),
    changes.map((c) => c.after.status),
    changes.map((c) => c.after.reason),
    changes.map((c) => c.after.version),
    changes.map((c) => c.after.ticketReference),
    changes.map((c) => c.after.captureId),
  ],
});

const updateItems = (bookings: readonly Booking[], release: boolean): QueryConfig => ({
  name: release ? "booking-items-release" : "booking-items-retake",
  text: `
      update booking_items i set released_at = ${release ? "clock_timestamp()" : "null"}
      from unnest($1::uuid[], $2::uuid[]) as k(event_id, booking_id)
      where i.event_id = k.event_id and i.booking_id = k.booking_id and i.released_at is ${release ? "" : "not "}null`,
  values: [plainArray(bookings.map((b) => b.eventId)), plainArray(bookings.map((b) => b.id))],
});

const updateSeats = (changes: readonly Replaced<LockedSeat>[]): QueryConfig => ({
  name: "seats-change",
  text: `
      update seat_inventory s
      set status = k.status, booking_id = k.booking_id, held_until = k.held_until, version = k.version
      from unnest($1::uuid[], $2::uuid[], $3::int[], $4::text[], $5::uuid[], $6::timestamptz[], $7::int[])
        as k(event_id, seat_id, old_version, status, booking_id, held_until, version)
      where s.event_id = k.event_id and s.seat_id = k.seat_id and s.version = k.old_version`,
  values: [
    plainArray(changes.map((c) => c.before.eventId)),
    plainArray(changes.map((c) => c.before.seatId)),
    plainArray(changes.map((c) => c.before.version)),
    changes.map((c) => c.after.status),
    changes.map((c) => c.after.bookingId),
    plainArray(changes.map((c) => (c.after.heldUntil === null ? "null" : new Date(c.after.heldUntil).toISOString()))),
    changes.map((c) => c.after.version),
  ],
});
