import type { Knex } from "knex";
import type { EventResponse } from "#contracts/catalog.ts";
import type { FactData } from "#contracts/events.ts";
import type { Tx } from "#mixins/transaction.ts";
import { Event } from "./event.model.ts";

/** An event about to be stored as a draft; instants are RFC 3339. */
export interface Draft {
  id: string;
  organizerId: string;
  venueId: string;
  venueVersion: number;
  name: string;
  startsAt: string;
  currency: string;
  holdSeconds: number;
  maxSeats: number;
  saleFrom: string | null;
  saleUntil: string | null;
  prices: Record<string, number>;
}

/** Where a page of the list begins: after the event that starts then and has this id. */
export interface After {
  startsAt: string;
  id: string;
}

/** Event rows with what their answer needs besides. */
type Summary = Event & { venueName: string; priceMin: string | null; priceMax: string | null };

function summaries(db: Knex) {
  return Event.query(db)
    .joinRelated("venue")
    .select(
      "events.*",
      "venue.name as venueName",
      Event.relatedQuery("prices", db).min("priceMinor").as("priceMin"),
      Event.relatedQuery("prices", db).max("priceMinor").as("priceMax"),
    )
    .castTo<Summary[]>();
}

const answerOf = (event: Summary): EventResponse => ({
  id: event.id,
  name: event.name,
  startsAt: event.startsAt.toISOString(),
  venue: { id: event.venueId, name: event.venueName },
  currency: event.currency,
  priceMinMinor: Number(event.priceMin),
  priceMaxMinor: Number(event.priceMax),
  status: event.status,
});

/** Published events in the order in which they start. */
export async function listPublished(db: Knex, limit: number, after: After | undefined): Promise<EventResponse[]> {
  const page = summaries(db).where("status", "PUBLISHED").orderBy(["startsAt", "events.id"]).limit(limit);
  if (after) page.whereRaw("(starts_at, events.id) > (?::timestamptz, ?::uuid)", [after.startsAt, after.id]);
  return (await page).map(answerOf);
}

export async function findPublished(db: Knex, id: string): Promise<EventResponse | undefined> {
  const [event] = await summaries(db).where({ "events.id": id, status: "PUBLISHED" });
  return event && answerOf(event);
}

/** Drafts too, for their organizer; as a transaction sees them where one is given. */
export async function findOwn(db: Knex, organizerId: string, id: string, tx?: Tx): Promise<EventResponse | undefined> {
  const query = summaries(db).where({ "events.id": id, "events.organizerId": organizerId });
  if (tx) query.onBuildKnex((builder) => void builder.connection(tx));
  const [event] = await query;
  return event && answerOf(event);
}

/** Whether the event was stored; false when its id is taken. */
export async function insertDraft(tx: Tx, draft: Draft): Promise<boolean> {
  const { rowCount } = await tx.query(
    `insert into events (id, organizer_id, venue_id, venue_version, name, starts_at, currency, hold_seconds, max_seats,
                         sale_from, sale_until)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
     on conflict (id) do nothing`,
    [
      draft.id,
      draft.organizerId,
      draft.venueId,
      draft.venueVersion,
      draft.name,
      draft.startsAt,
      draft.currency,
      draft.holdSeconds,
      draft.maxSeats,
      draft.saleFrom,
      draft.saleUntil,
    ],
  );
  if (rowCount === 0) return false;
  await tx.query(
    `insert into event_seat_prices (event_id, category, price_minor)
     select $1, category, price from unnest($2::text[], $3::bigint[]) as p(category, price)`,
    [draft.id, Object.keys(draft.prices), Object.values(draft.prices)],
  );
  return true;
}

/** Locks the organizer's event. Undefined when there is none. */
export async function lockOwn(tx: Tx, organizerId: string, id: string): Promise<Event["status"] | undefined> {
  const { rows } = await tx.query("select status from events where id = $1 and organizer_id = $2 for update", [
    id,
    organizerId,
  ]);
  return rows[0]?.status;
}

/** Freezes a draft that the transaction has locked. */
export async function markPublished(tx: Tx, id: string): Promise<void> {
  await tx.query("update events set status = 'PUBLISHED', published_at = clock_timestamp() where id = $1", [id]);
}

/** The terms of a published event, as event.published carries them. */
export async function findTerms(
  db: Pick<Tx, "query">,
  eventId: string,
): Promise<FactData<"event.published"> | undefined> {
  const { rows } = await db.query(
    `select e.*, v.seat_count,
            (select json_object_agg(category, price_minor) from event_seat_prices where event_id = e.id) as prices
     from events e join venue_versions v on (v.venue_id, v.version) = (e.venue_id, e.venue_version)
     where e.id = $1 and e.status = 'PUBLISHED'`,
    [eventId],
  );
  const [row] = rows;
  return (
    row && {
      eventId: row.id,
      version: row.version,
      organizerId: row.organizer_id,
      venueId: row.venue_id,
      name: row.name,
      startsAt: row.starts_at.toISOString(),
      currency: row.currency,
      holdSeconds: row.hold_seconds,
      maxSeats: row.max_seats,
      saleFrom: row.sale_from?.toISOString() ?? null,
      saleUntil: row.sale_until?.toISOString() ?? null,
      prices: row.prices,
      seatCount: row.seat_count,
    }
  );
}
