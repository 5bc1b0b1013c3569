import type { Knex } from "knex";
import { config } from "#config";
import type { CreateEvent, EventResponse } from "#contracts/catalog.ts";
import { EventixError } from "#contracts/errors.ts";
import { newId } from "#contracts/id.ts";
import { findOwn, insertDraft } from "./event.repository.ts";
import { checkPrices, checkTerms } from "./event.rules.ts";
import type { Transact } from "./idempotency.ts";
import { findOwnVenue } from "./venue.repository.ts";

/**
 * Makes a draft on the newest version of one of the organizer's venues. With an `id` that the organizer has used already,
 * nothing is changed and that event is the answer. Throws VALIDATION_ERROR, VENUE_NOT_FOUND, PRICE_MISSING.
 */
export async function createEvent(
  { db, transact }: { db: Knex; transact: Transact },
  organizerId: string,
  event: CreateEvent,
): Promise<EventResponse> {
  const known = event.id && (await findOwn(db, organizerId, event.id));
  if (known) return known;
  const times = checkTerms(event);
  const venue = await findOwnVenue(db, organizerId, event.venueId);
  if (!venue) throw new EventixError("VENUE_NOT_FOUND");
  checkPrices(venue, event.prices);
  const id = event.id ?? newId();
  return transact(async (tx) => {
    await insertDraft(tx, {
      id,
      organizerId,
      venueId: venue.id,
      venueVersion: venue.version,
      name: event.name,
      ...times,
      currency: event.currency,
      holdSeconds: event.holdSeconds ?? config.holdSeconds,
      maxSeats: event.maxSeats ?? config.maxSeatsPerBooking,
      prices: event.prices,
    });
    const created = await findOwn(db, organizerId, id, tx);
    // Not stored, and not ours: another organizer has an event of this id.
    if (!created) throw new EventixError("VALIDATION_ERROR", { errors: [{ field: "id", message: "is taken" }] });
    return created;
  });
}
