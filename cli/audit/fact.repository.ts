import type { Pool } from "pg";

/** What the audit reads at a time. */
const PAGE = 5_000;
const FIRST_UUID = "00000000-0000-0000-0000-000000000000";

/** A booking as its facts have to tell of it. */
export interface ToldBooking {
  id: string;
  status: "PENDING" | "CONFIRMED" | "CANCELLED";
  reason: string | null;
  version: number;
  ticketReference: string | null;
  createdAt: Date;
}

const COLUMNS = `b.id, b.status, b.reason, b.version, b.ticket_reference as "ticketReference", b.created_at as "createdAt"`;

/** All bookings of events on the shelf, a page at a time. */
export async function* toldBookings(booking: Pool): AsyncGenerator<ToldBooking[]> {
  for (let after = FIRST_UUID; ; ) {
    const { rows } = await booking.query<ToldBooking>(
      `select ${COLUMNS} from bookings b join event_inventory e using (event_id) where b.id > $1 order by b.id limit $2`,
      [after, PAGE],
    );
    if (rows.length > 0) yield rows;
    if (rows.length < PAGE) return;
    after = rows.at(-1)?.id as string;
  }
}

/** The versions of these bookings as they are now; one that does not exist has none. */
export async function versionsOf(booking: Pool, ids: readonly string[]): Promise<Map<string, number>> {
  const { rows } = await booking.query("select id, version from bookings where id = any($1::uuid[])", [ids]);
  return new Map(rows.map((row) => [row.id, row.version]));
}

/** Those of these events that are on the shelf: others are of another system on the same topics. */
export async function shelved(booking: Pool, eventIds: readonly string[]): Promise<Set<string>> {
  const { rows } = await booking.query("select event_id from event_inventory where event_id = any($1::uuid[])", [
    eventIds,
  ]);
  return new Set(rows.map((row) => row.event_id));
}
