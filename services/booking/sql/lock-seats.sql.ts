import type { QueryConfig, QueryResultRow } from "pg";
import type { SeatStatus } from "#contracts/booking.ts";
import { plainArray } from "#mixins/plain-array.ts";
import type { LockedSeat } from "../hold.plan.ts";

/**
 * Locks the seats of a batch in (event_id, seat_id) order, the order that everybody keeps. A batch skips rows that another
 * transaction has locked; a hold on its own waits for them, up to lock_timeout.
 */
export function lockSeats(seats: readonly { eventId: string; seatId: string }[], wait: boolean): QueryConfig {
  return {
    name: wait ? "hold-lock-seats-waiting" : "hold-lock-seats",
    text: `
      select s.event_id, s.seat_id, s.seat_index, s.price_minor, s.status, s.booking_id, s.held_until, s.version
      from unnest($1::uuid[], $2::uuid[]) as k(event_id, seat_id)
      join seat_inventory s on s.event_id = k.event_id and s.seat_id = k.seat_id
      order by s.event_id, s.seat_id
      for update of s ${wait ? "" : "skip locked"}`,
    values: [plainArray(seats.map((s) => s.eventId)), plainArray(seats.map((s) => s.seatId))],
  };
}

export const toLockedSeat = (row: QueryResultRow): LockedSeat => ({
  eventId: row.event_id,
  seatId: row.seat_id,
  index: row.seat_index,
  priceMinor: Number(row.price_minor),
  status: row.status as SeatStatus,
  bookingId: row.booking_id,
  heldUntil: (row.held_until as Date | null)?.getTime() ?? null,
  version: row.version,
});
