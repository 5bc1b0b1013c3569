import type { QueryConfig } from "pg";
import type { BookingResponse } from "#contracts/booking.ts";
import { plainArray } from "#mixins/plain-array.ts";
import type { GrantedSeat, HoldRequest, TermsNow } from "../hold.plan.ts";

/** A hold that the plan granted, with what is to be written for it. */
export interface Granted {
  hold: HoldRequest;
  booking: BookingResponse;
  terms: TermsNow;
  seats: readonly GrantedSeat[];
  writeBy: Date;
}

/**
 * The bookings of a batch's grants, version 1, PENDING; one that is too late has no status, which Postgres refuses together
 * with all the rest. A node that stood still between its two flights, or whose second one was long on its way, would else
 * write what its buyer has already been told is not.
 */
export function insertBookings(grants: readonly Granted[]): QueryConfig {
  return {
    name: "hold-insert-bookings",
    text: `
      insert into bookings (event_id, id, organizer_id, user_id, status, total_minor, currency, expires_at,
                            correlation_id, created_at, updated_at)
      select event_id, id, organizer_id, user_id, case when clock_timestamp() < write_by then 'PENDING' end,
             total_minor, currency, expires_at, correlation_id, created_at, created_at
      from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::bigint[], $6::text[], $7::timestamptz[],
                  $8::text[], $9::timestamptz[], $10::timestamptz[])
        as b(event_id, id, organizer_id, user_id, total_minor, currency, expires_at, correlation_id, created_at, write_by)
      order by event_id, id`,
    values: [
      plainArray(grants.map((g) => g.hold.eventId)),
      plainArray(grants.map((g) => g.booking.id)),
      grants.map((g) => g.terms.organizerId),
      grants.map((g) => g.hold.userId),
      plainArray(grants.map((g) => g.booking.totalMinor)),
      grants.map((g) => g.booking.currency),
      plainArray(grants.map((g) => g.booking.expiresAt)),
      grants.map((g) => g.hold.correlationId),
      plainArray(grants.map((g) => g.booking.createdAt)),
      plainArray(grants.map((g) => g.writeBy.toISOString())),
    ],
  };
}

/** Their items, sorted as the guard's index is. */
export function insertItems(seats: readonly GrantedSeat[]): QueryConfig {
  return {
    name: "hold-insert-items",
    text: `
      insert into booking_items (event_id, booking_id, seat_id, price_minor)
      select event_id, booking_id, seat_id, price_minor
      from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::bigint[]) as i(event_id, booking_id, seat_id, price_minor)
      order by event_id, seat_id`,
    values: [
      plainArray(seats.map((s) => s.eventId)),
      plainArray(seats.map((s) => s.bookingId)),
      plainArray(seats.map((s) => s.seatId)),
      plainArray(seats.map((s) => s.priceMinor)),
    ],
  };
}

/** Marks seats, locked by the first flight, as held. */
export function takeSeats(seats: readonly GrantedSeat[]): QueryConfig {
  return {
    name: "hold-take-seats",
    text: `
      update seat_inventory s
      set status = 'HELD', booking_id = k.booking_id, held_until = k.held_until, version = k.version
      from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::timestamptz[], $5::integer[])
        as k(event_id, seat_id, booking_id, held_until, version)
      where s.event_id = k.event_id and s.seat_id = k.seat_id`,
    values: [
      plainArray(seats.map((s) => s.eventId)),
      plainArray(seats.map((s) => s.seatId)),
      plainArray(seats.map((s) => s.bookingId)),
      plainArray(seats.map((s) => new Date(s.heldUntil).toISOString())),
      plainArray(seats.map((s) => s.version)),
    ],
  };
}
