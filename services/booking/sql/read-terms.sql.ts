import type { QueryConfig, QueryResultRow } from "pg";
import type { TermsNow } from "../hold.plan.ts";

/** The terms of a batch's events and the database's time, taken after the seats' locks: deadlines are made here. */
export function readTerms(eventIds: readonly string[]): QueryConfig {
  return {
    name: "hold-read-terms",
    text: `
      select e.event_id, e.organizer_id, e.max_seats_per_booking, e.hold_seconds, e.currency, t.now,
             t.now + e.hold_seconds * interval '1 second' as expires_at,
             e.status = 'ON_SALE' and (e.sale_from is null or e.sale_from <= t.now)
               and (e.sale_until is null or e.sale_until > t.now) as on_sale
      from event_inventory e, (select date_trunc('milliseconds', clock_timestamp()) as now) t
      where e.event_id = any($1::uuid[])`,
    values: [eventIds],
  };
}

export const toTerms = (row: QueryResultRow): TermsNow => ({
  eventId: row.event_id,
  organizerId: row.organizer_id,
  onSale: row.on_sale,
  maxSeats: row.max_seats_per_booking,
  holdSeconds: row.hold_seconds,
  currency: row.currency,
  now: row.now,
  expiresAt: row.expires_at,
});
