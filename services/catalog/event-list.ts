import type { Knex } from "knex";
import { PAGE_SIZE, type Page, type PaginationQuery } from "#contracts/booking.ts";
import type { EventResponse } from "#contracts/catalog.ts";
import { EventixError } from "#contracts/errors.ts";
import { type After, listPublished } from "./event.repository.ts";

/** One page of the published events, soonest first. Throws VALIDATION_ERROR for a cursor that no page gave. */
export async function listEvents(
  db: Knex,
  { limit = PAGE_SIZE, cursor }: PaginationQuery,
): Promise<Page<EventResponse>> {
  // One more than asked for tells whether there is a next page.
  const events = await listPublished(db, limit + 1, cursor === undefined ? undefined : afterOf(cursor));
  const items = events.slice(0, limit);
  const last = events.length > limit ? items.at(-1) : undefined;
  return { items, limit, nextCursor: last ? cursorOf(last) : null };
}

const cursorOf = ({ startsAt, id }: After) => Buffer.from(`${startsAt} ${id}`).toString("base64url");

const CURSOR = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z) ([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/;

function afterOf(cursor: string): After {
  const [, startsAt, id] = CURSOR.exec(Buffer.from(cursor, "base64url").toString()) ?? [];
  if (!startsAt || !id || !isTime(startsAt)) {
    throw new EventixError("VALIDATION_ERROR", {
      errors: [{ field: "cursor", message: "is not a cursor of this list" }],
    });
  }
  return { startsAt, id };
}

/** A Date takes 30 February for 2 March, and has a year 0; Postgres refuses both. */
function isTime(text: string): boolean {
  const time = new Date(text);
  return !text.startsWith("0000") && !Number.isNaN(time.getTime()) && time.toISOString() === text;
}
