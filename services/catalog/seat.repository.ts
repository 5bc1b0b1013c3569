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

const SEATS_OF_PUBLISHED = `
  from events e
  join seats s on s.venue_id = e.venue_id and s.version = e.venue_version and s.seat_index > $2`;
const OF_EVENT = "where e.id = $1 and e.status = 'PUBLISHED'";

/** Seats above an index in its order; SQL and not a model, which would cost more than the query. */
export async function pageOfSeats(pool: Pool, eventId: string, afterIndex: number, limit: number): Promise<MapSeat[]> {
  const { rows } = await pool.query({
    name: "catalog-page-of-seats",
    text: `
      select s.id, s.seat_index as index, s.zone_index as "zoneIndex", s.zone_name as zone, s.row_index as "rowIndex",
             s.row_name as row, s.seat_number as number, s.x, s.y, s.category
      ${SEATS_OF_PUBLISHED} ${OF_EVENT} order by s.seat_index limit $3`,
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
      select s.id as "seatId", s.seat_index as index, p.price_minor as "priceMinor"
      ${SEATS_OF_PUBLISHED}
      join event_seat_prices p on p.event_id = e.id and p.category = s.category
      ${OF_EVENT} order by s.seat_index limit $3`,
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
