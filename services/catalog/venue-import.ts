import { createHash } from "node:crypto";
import { v5 as uuidv5 } from "uuid";
import type { ImportedVenue, ImportVenue } from "#contracts/catalog.ts";
import { EventixError } from "#contracts/errors.ts";
import { newId } from "#contracts/id.ts";
import type { Transact } from "./idempotency.ts";
import { type PlanSeat, readSeatingPlan, type SeatingPlan } from "./seating-plan.ts";
import { finishInTurns } from "./turns.ts";
import { allowBulk, insertSeats, insertVenue } from "./venue.repository.ts";

/** Seats a statement: some 1.5 MB, 100 ms. */
const CHUNK_SEATS = 5_000;

/**
 * Makes a venue of a seating plan, all of it or nothing. The same plan imported again by the same organizer answers with
 * the venue that is there; a plan is the same when what would be stored is. Throws SEATING_PLAN_INVALID with all errors.
 */
export async function importVenue(
  transact: Transact,
  organizerId: string,
  { plan: json, duplicateGuids, planId }: ImportVenue,
): Promise<ImportedVenue> {
  const { plan, errors, warnings } = await finishInTurns(readSeatingPlan(json, { duplicateGuids, planId }));
  if (!plan) {
    throw new EventixError("SEATING_PLAN_INVALID", { errors: errors.listed, errorCount: errors.count });
  }
  const sha256 = await finishInTurns(digest(plan));
  return transact(async (tx) => {
    await allowBulk(tx);
    const venue = await insertVenue(tx, { id: newId(), organizerId, sha256, plan });
    for (const chunk of venue.isNew ? chunksOf(plan.seats) : []) {
      // The guid is the seat's name within its venue, for good: the next version's seats find their own by it.
      const seats = chunk.map((seat) => ({ ...seat, id: uuidv5(seat.guid, venue.id) }));
      await insertSeats(tx, venue, seats);
    }
    return {
      venueId: venue.id,
      version: venue.version,
      name: plan.name,
      seats: plan.seats.length,
      categories: plan.categories.flatMap(({ name, seats }) => (seats > 0 ? [{ name, seats }] : [])),
      warnings: warnings.listed,
      warningCount: warnings.count,
    };
  });
}

function* digest({ name, categories, drawing, seats }: SeatingPlan): Generator<void, Buffer> {
  const hash = createHash("sha256").update(JSON.stringify({ name, categories, drawing }));
  for (const chunk of chunksOf(seats)) {
    hash.update(JSON.stringify(chunk));
    yield;
  }
  return hash.digest();
}

function* chunksOf(seats: readonly PlanSeat[]): Generator<PlanSeat[]> {
  for (let from = 0; from < seats.length; from += CHUNK_SEATS) yield seats.slice(from, from + CHUNK_SEATS);
}
