import type { Knex } from "knex";
import type { Pool } from "pg";
import type { SeatPrice } from "#contracts/catalog.ts";
import { Event } from "./event.model.ts";
import type { Seat } from "./seat.model.ts";

/** A seat as the map shows it. */
export interface MapSeat {
  id: string;
  index: number;
  zoneIndex: number;
  zone: string;
  rowIndex: number;
  row: string;
  number: string;
  x: number;
  y: number;
  category: string;
}

/**
 * The event's venue version goes in as two values: joined, Postgres reads and sorts the seats of all venues for each page
 * (140 ms a page with 250,000 seats in all, 17 ms like this).
 */
const SEATS_OF_PUBLISHED = `
  from seats s
  where s.venue_id = (select venue_id from events where id = $1 and status = 'PUBLISHED')
    and s.version = (select venue_version from events where id = $1)
    and s.seat_index > $2
  order by s.seat_index limit $3`;

/** Seats above an index in its order; SQL and not a model, which would cost more than the query. */
export async function pageOfSeats(pool: Pool, eventId: string, afterIndex: number, limit: number): Promise<MapSeat[]> {
  const { rows } = await pool.query({
    name: "catalog-page-of-seats",
    text: `
      select s.id, s.seat_index as index, s.zone_index as "zoneIndex", s.zone_name as zone, s.row_index as "rowIndex",
             s.row_name as row, s.seat_number as number, s.x, s.y, s.category
      ${SEATS_OF_PUBLISHED}`,
    values: [eventId, afterIndex, limit],
  });
  return rows;
}

/** Seats above an index with their prices, in its order. */
export async function pageOfPrices(
  pool: Pool,
  eventId: string,
  afterIndex: number,
  limit: number,
): Promise<SeatPrice[]> {
  const { rows } = await pool.query({
    name: "catalog-page-of-prices",
    text: `
      select s.id as "seatId", s.seat_index as index,
             (select price_minor from event_seat_prices where event_id = $1 and category = s.category) as "priceMinor"
      ${SEATS_OF_PUBLISHED}`,
    values: [eventId, afterIndex, limit],
  });
  return rows.map((row) => ({ ...row, priceMinor: Number(row.priceMinor) }));
}

/** Those of the given seats that the event has; undefined when no such event is published. */
export async function findSeats(
  db: Knex,
  eventId: string,
  seatIds: readonly string[],
): Promise<Pick<Seat, "id" | "category">[] | undefined> {
  const event = await Event.query(db)
    .findById(eventId)
    .where("status", "PUBLISHED")
    .withGraphFetched("seats")
    .modifyGraph("seats", (seats) => seats.select("venueId", "version", "id", "category").whereIn("id", [...seatIds]))
    .castTo<{ seats: Seat[] } | undefined>();
  return event?.seats;
}
