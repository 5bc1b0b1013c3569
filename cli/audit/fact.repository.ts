import type { Pool } from "pg";
import { pages } from "./pages.ts";

/** A booking as its facts have to tell of it. */
export interface ToldBooking {
  id: string;
  status: "PENDING" | "CONFIRMED" | "CANCELLED";
  reason: string | null;
  version: number;
  ticketReference: string | null;
  createdAt: Date;
}

/** Money that was taken, as payment's facts have to tell of it. */
export interface ToldCapture {
  id: string;
  eventId: string;
  isRefunded: boolean;
  createdAt: Date;
  /** When it was given back, if it was. */
  updatedAt: Date;
}

const BOOKING = `b.id, b.status, b.reason, b.version, b.ticket_reference as "ticketReference", b.created_at as "createdAt"`;
const CAPTURE = `id, event_id as "eventId", status = 'REFUNDED' as "isRefunded", created_at as "createdAt", updated_at as "updatedAt"`;

/** All bookings of events on the shelf, a page at a time. */
export const toldBookings = (booking: Pool): AsyncGenerator<ToldBooking[]> =>
  pages(
    booking,
    `select ${BOOKING} from bookings b join event_inventory e using (event_id) where b.id > $1 order by b.id limit $2`,
  );

/** All captures, a page at a time. */
export const toldCaptures = (payment: Pool): AsyncGenerator<ToldCapture[]> =>
  pages(payment, `select ${CAPTURE} from captures where id > $1 order by id limit $2`);

/** The versions of these bookings as they are now; one that does not exist has none. */
export async function versionsOf(booking: Pool, ids: readonly string[]): Promise<Map<string, number>> {
  const { rows } = await booking.query("select id, version from bookings where id = any($1::uuid[])", [ids]);
  return new Map(rows.map((row) => [row.id, row.version]));
}

/** Those of these captures that exist now, and whether they were given back. */
export async function capturesNow(payment: Pool, ids: readonly string[]): Promise<Map<string, ToldCapture>> {
  const { rows } = await payment.query<ToldCapture>(`select ${CAPTURE} from captures where id = any($1::uuid[])`, [
    ids,
  ]);
  return new Map(rows.map((row) => [row.id, row]));
}

/** Those of these events that are on the shelf: others are of another system on the same topics. */
export async function shelved(booking: Pool, eventIds: readonly string[]): Promise<Set<string>> {
  const { rows } = await booking.query("select event_id from event_inventory where event_id = any($1::uuid[])", [
    eventIds,
  ]);
  return new Set(rows.map((row) => row.event_id));
}
