import type { Knex } from "knex";
import type { Pool } from "pg";
import {
  type ListSeats,
  type PricedSeats,
  SEATS_PAGE_SIZE,
  type SeatPage,
  type SeatsOfEvent,
  type ValidatedSeats,
} from "#contracts/catalog.ts";
import { EventixError } from "#contracts/errors.ts";
import { findTerms } from "./event.repository.ts";
import { findSeats, pageOfPrices } from "./seat.repository.ts";

/** One page of a published event's seats with their prices. Throws EVENT_NOT_FOUND. */
export async function listSeats(pool: Pool, { eventId, afterIndex }: ListSeats): Promise<SeatPage> {
  // One more than a page tells whether there is a next one.
  const seats = await pageOfPrices(pool, eventId, afterIndex, SEATS_PAGE_SIZE + 1);
  if (seats.length === 0 && !(await findTerms(pool, eventId))) throw new EventixError("EVENT_NOT_FOUND");
  if (seats.length <= SEATS_PAGE_SIZE) return { seats, nextAfterIndex: null };
  seats.pop();
  return { seats, nextAfterIndex: seats.at(-1)?.index ?? null };
}

/** Which of the seats the event has. Throws EVENT_NOT_FOUND. */
export async function validateSeats(db: Knex, { eventId, seatIds }: SeatsOfEvent): Promise<ValidatedSeats> {
  const seats = await findSeats(db, eventId, seatIds);
  if (!seats) throw new EventixError("EVENT_NOT_FOUND");
  const known = new Set(seats.map(({ id }) => id));
  const asked = [...new Set(seatIds)];
  return { valid: asked.filter((id) => known.has(id)), unknown: asked.filter((id) => !known.has(id)) };
}

/** What each of the seats costs. Throws EVENT_NOT_FOUND, SEAT_NOT_FOUND with the unknown ones. */
export async function priceSeats(
  { db, pool }: { db: Knex; pool: Pool },
  { eventId, seatIds }: SeatsOfEvent,
): Promise<PricedSeats> {
  const [terms, seats] = await Promise.all([findTerms(pool, eventId), findSeats(db, eventId, seatIds)]);
  if (!terms || !seats) throw new EventixError("EVENT_NOT_FOUND");
  const categories = new Map(seats.map(({ id, category }) => [id, category]));
  const asked = [...new Set(seatIds)];
  const unknown = asked.filter((id) => !categories.has(id));
  if (unknown.length > 0) throw new EventixError("SEAT_NOT_FOUND", { seatIds: unknown });
  const prices = asked.map((seatId) => {
    const category = categories.get(seatId) as string;
    return { seatId, priceMinor: terms.prices[category] as number, category };
  });
  return { currency: terms.currency, prices };
}
