import { type NewFact, newFact } from "#contracts/events.ts";
import { KAFKA_TOPICS } from "#contracts/topics.ts";
import { factsOfSeats } from "./seat.facts.ts";
import type { Granted } from "./sql/insert-holds.sql.ts";

const SOURCE = "eventix/booking";

/** What a batch's grants publish: booking.created for each, and the seats' new states by event. */
export function factsOfHolds(grants: readonly Granted[]): NewFact[] {
  return [...grants.map(bookingCreated), ...factsOfSeats(grants.flatMap((g) => g.seats))];
}

function bookingCreated({ hold, booking, terms }: Granted): NewFact {
  return newFact(
    KAFKA_TOPICS.BOOKING_CREATED,
    SOURCE,
    booking.id,
    {
      bookingId: booking.id,
      bookingVersion: 1,
      eventId: hold.eventId,
      userId: hold.userId,
      seats: booking.seats,
      totalMinor: booking.totalMinor,
      currency: booking.currency,
      expiresAt: terms.expiresAt.toISOString(),
      holdSeconds: terms.holdSeconds,
    },
    { correlationid: hold.correlationId },
  );
}
