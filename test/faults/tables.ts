import { connected } from "#stack/postgres/databases.ts";

/** A booking as it stands in its database, with what belongs to it. */
export interface BookingRow {
  id: string;
  eventId: string;
  userId: string;
  status: string;
  reason: string | null;
  version: number;
  totalMinor: number;
  expiresAt: number;
  ticketReference: string | null;
  items: string[];
  /** The Idempotency-Key that its answer is kept under. */
  key: string | null;
}

/** All bookings of these events. */
export async function readBookings(url: string, eventIds: readonly string[]): Promise<BookingRow[]> {
  return connected(url, async (client) => {
    const { rows } = await client.query(
      `select b.id, b.event_id, b.user_id, b.status, b.reason, b.version, b.total_minor, b.expires_at, b.ticket_reference,
              (select k.key from idempotency_keys k where k.user_id = b.user_id and k.answer->>'id' = b.id::text) as key,
              coalesce(array_agg(i.seat_id::text order by i.seat_id) filter (where i.seat_id is not null), '{}') as items
       from bookings b left join booking_items i on i.event_id = b.event_id and i.booking_id = b.id
       where b.event_id = any($1::uuid[])
       group by b.event_id, b.id`,
      [eventIds],
    );
    return rows.map((row) => ({
      id: row.id,
      eventId: row.event_id,
      userId: row.user_id,
      status: row.status,
      reason: row.reason,
      version: row.version,
      totalMinor: Number(row.total_minor),
      expiresAt: row.expires_at.getTime(),
      ticketReference: row.ticket_reference,
      items: row.items,
      key: row.key,
    }));
  });
}
