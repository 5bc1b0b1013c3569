import type { Knex } from "knex";
import { config } from "#config";
import type { Tx } from "#mixins/transaction.ts";
import type { PlanSeat, SeatingPlan } from "./seating-plan.ts";
import { Venue } from "./venue.model.ts";

/** A venue as a new event sees it: its newest version with the categories that have seats. */
export interface SellableVenue {
  id: string;
  version: number;
  categories: { name: string; seats: number }[];
}

/** Undefined when this organizer has no such venue. */
export async function findOwnVenue(db: Knex, organizerId: string, id: string): Promise<SellableVenue | undefined> {
  const venue = await Venue.query(db)
    .findOne({ id, organizerId })
    .withGraphFetched("categories")
    .modifyGraph("categories", (categories) => categories.where("seatCount", ">", 0).orderBy("position"));
  if (!venue) return undefined;
  const categories = (venue.categories ?? []).map(({ name, seatCount }) => ({ name, seats: seatCount }));
  return { id: venue.id, version: venue.version, categories };
}

/** Lets this transaction take the time that writing a large plan takes. */
export async function allowBulk(tx: Tx): Promise<void> {
  const { bulkMs } = config.timeouts;
  await tx.query(`set local statement_timeout = ${bulkMs}`);
  await tx.query(`set local lock_timeout = ${bulkMs}`);
}

/**
 * Inserts a venue's first version, without its seats. When the organizer has imported the same plan before, nothing is
 * written and that venue is returned; an import of it that is under way is waited for.
 */
export async function insertVenue(
  tx: Tx,
  venue: { id: string; organizerId: string; sha256: Buffer; plan: SeatingPlan },
): Promise<{ id: string; version: number; isNew: boolean }> {
  const { id, organizerId, sha256, plan } = venue;
  const inserted = await tx.query(
    `insert into venues (id, organizer_id, name, source_sha256) values ($1, $2, $3, $4)
     on conflict (organizer_id, source_sha256) do nothing`,
    [id, organizerId, plan.name, sha256],
  );
  if (inserted.rowCount === 0) {
    const { rows } = await tx.query("select id, version from venues where organizer_id = $1 and source_sha256 = $2", [
      organizerId,
      sha256,
    ]);
    return { ...rows[0], isNew: false };
  }
  await tx.query("insert into venue_versions (venue_id, version, seat_count, drawing) values ($1, $2, $3, $4)", [
    id,
    FIRST_VERSION,
    plan.seats.length,
    JSON.stringify(plan.drawing),
  ]);
  await tx.query(
    `insert into venue_categories (venue_id, version, name, position, color, seat_count)
     select $1, $2, c.name, c.n - 1, c.color, c.seats
     from unnest($3::text[], $4::text[], $5::integer[]) with ordinality as c(name, color, seats, n)`,
    [
      id,
      FIRST_VERSION,
      plan.categories.map((category) => category.name),
      plan.categories.map((category) => category.color),
      plan.categories.map((category) => category.seats),
    ],
  );
  return { id, version: FIRST_VERSION, isNew: true };
}

const FIRST_VERSION = 1;

/** One statement for some thousand seats; the rows travel as JSON, which takes a third of the time of a dozen arrays. */
export async function insertSeats(
  tx: Tx,
  venue: { id: string; version: number },
  seats: readonly (PlanSeat & { id: string })[],
): Promise<void> {
  await tx.query(
    `insert into seats (venue_id, version, seat_index, id, guid, zone_index, zone_name, row_index, row_name, row_label,
                        seat_number, seat_label, x, y, radius, start_direction, category)
     select $1, $2, s.index, s.id, s.guid, s."zoneIndex", s.zone, s."rowIndex", s.row, s."rowLabel",
            s.number, s."seatLabel", s.x, s.y, s.radius, s."startDirection", s.category
     from json_to_recordset($3) as s(
       index integer, id uuid, guid text, "zoneIndex" integer, zone text, "rowIndex" integer, row text, "rowLabel" text,
       number text, "seatLabel" text, x float8, y float8, radius float8, "startDirection" text, category text)`,
    [venue.id, venue.version, JSON.stringify(seats)],
  );
}
