import type { Pool } from "pg";
import type { SeatPlace } from "#contracts/inspection.ts";

/**
 * The seats of a published event that are asked for by id, index, or zone/row/number in any case; one entry for each that
 * fits, so that a name which is not unique gives several.
 */
export async function findPlaces(pool: Pool, eventId: string, asked: readonly string[]): Promise<SeatPlace[]> {
  const { rows } = await pool.query<SeatPlace>(
    `select a.asked, s.id as "seatId", s.seat_index as index, s.zone_name as zone, s.row_name as row,
            s.seat_number as number, s.category
     from seats s
     cross join lateral (values
       (s.id::text), (s.seat_index::text), (lower(s.zone_name || '/' || s.row_name || '/' || s.seat_number))) as k(name)
     join unnest($2::text[]) with ordinality as a(asked, n) on lower(a.asked) = k.name
     where s.venue_id = (select venue_id from events where id = $1 and status = 'PUBLISHED')
       and s.version = (select venue_version from events where id = $1)
     order by a.n, s.seat_index
     limit 200`,
    [eventId, asked],
  );
  return rows;
}
