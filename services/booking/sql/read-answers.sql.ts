import type { QueryConfig, QueryResultRow } from "pg";
import type { BookingResponse } from "#contracts/booking.ts";
import { type HoldRequest, idempotencyScope, type KeptAnswer } from "../hold.plan.ts";

/** Method and path under which the answers of holds are kept. */
const ROUTE = "POST /api/bookings";

type Keyed = HoldRequest & { idempotency: NonNullable<HoldRequest["idempotency"]> };
export const hasKey = <H extends HoldRequest>(hold: H): hold is H & Keyed => hold.idempotency !== null;

/** The answers kept under the Idempotency-Keys of a batch. A statement of its own, so that it sees what the locks waited for. */
export function readKeys(holds: readonly Keyed[]): QueryConfig {
  return {
    name: "hold-read-keys",
    text: `
      select i.user_id, i.key, i.request_hash, i.answer, i.created_at < clock_timestamp() - interval '24 hours' as stale
      from unnest($2::text[], $3::text[]) as k(user_id, key)
      join idempotency_keys i on i.user_id = k.user_id and i.route = $1 and i.key = k.key`,
    values: [ROUTE, holds.map((h) => h.userId), holds.map((h) => h.idempotency.key)],
  };
}

export const toKeptAnswer = (row: QueryResultRow): [string, KeptAnswer] => [
  idempotencyScope(row.user_id, row.key),
  { hash: row.request_hash, answer: row.answer, stale: row.stale },
];

/** Keeps the answers of granted holds. A key that another node kept meanwhile violates the primary key: the hold runs again. */
export function insertKeys(kept: readonly { hold: Keyed; answer: BookingResponse }[]): QueryConfig {
  return {
    name: "hold-insert-keys",
    text: `
      insert into idempotency_keys (user_id, route, key, request_hash, answer)
      select k.user_id, $1, k.key, k.hash, k.answer
      from unnest($2::text[], $3::text[], $4::bytea[], $5::json[]) as k(user_id, key, hash, answer)
      order by k.user_id, k.key`,
    values: [
      ROUTE,
      kept.map((k) => k.hold.userId),
      kept.map((k) => k.hold.idempotency.key),
      kept.map((k) => k.hold.idempotency.hash),
      kept.map((k) => JSON.stringify(k.answer)),
    ],
  };
}

/** Makes room for keys that are used again after their day. */
export function deleteStaleKeys(holds: readonly Keyed[]): QueryConfig {
  return {
    name: "hold-delete-stale-keys",
    text: `
      delete from idempotency_keys i
      using unnest($2::text[], $3::text[]) as k(user_id, key)
      where i.user_id = k.user_id and i.route = $1 and i.key = k.key
        and i.created_at < clock_timestamp() - interval '24 hours'`,
    values: [ROUTE, holds.map((h) => h.userId), holds.map((h) => h.idempotency.key)],
  };
}

/** Bookings that holds made when they ran before, each as it was answered then, whatever became of it since. */
export function readMadeBookings(holds: readonly HoldRequest[]): QueryConfig {
  return {
    name: "hold-read-made-bookings",
    text: `
      select b.id, b.event_id, b.user_id, b.total_minor, b.currency, b.created_at,
             b.expires_at,
             (select json_agg(json_build_object('seatId', i.seat_id, 'priceMinor', i.price_minor) order by i.seat_id)
              from booking_items i where i.event_id = b.event_id and i.booking_id = b.id) as seats
      from unnest($1::uuid[], $2::uuid[], $3::text[]) as k(event_id, id, user_id)
      join bookings b on b.event_id = k.event_id and b.id = k.id and b.user_id = k.user_id`,
    values: [holds.map((h) => h.eventId), holds.map((h) => h.bookingId), holds.map((h) => h.userId)],
  };
}

export const toMadeBooking = (row: QueryResultRow): BookingResponse => ({
  id: row.id,
  eventId: row.event_id,
  status: "PENDING",
  reason: null,
  seats: row.seats,
  totalMinor: Number(row.total_minor),
  currency: row.currency,
  expiresAt: row.expires_at.toISOString(),
  ticketReference: null,
  createdAt: row.created_at.toISOString(),
});
