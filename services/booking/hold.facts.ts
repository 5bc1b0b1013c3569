import { type NewFact, newFact } from "#contracts/events.ts";
import { KAFKA_TOPICS } from "#contracts/topics.ts";
import type { GrantedSeat } from "./hold.plan.ts";
import type { Granted } from "./sql/insert-holds.sql.ts";

const SOURCE = "eventix/booking";
/** A fact about seats names at most as many changes as its contract allows. */
const CHANGES_A_FACT = 500;

/** What a batch's grants publish: booking.created for each, and the seats' new states by event. */
export function factsOfHolds(grants: readonly Granted[]): NewFact[] {
  return [...grants.map(bookingCreated), ...seatsHeld(grants.flatMap((g) => g.seats))];
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

function seatsHeld(seats: readonly GrantedSeat[]): NewFact[] {
  const byEvent = Map.groupBy(seats, (seat) => seat.eventId);
  return [...byEvent].flatMap(([eventId, changed]) => {
    const changes = changed.map(({ index, seatId, status, version }) => ({
      seatIndex: index,
      seatId,
      status,
      version,
    }));
    const chunks = Array.from({ length: Math.ceil(changes.length / CHANGES_A_FACT) }, (_, n) =>
      changes.slice(n * CHANGES_A_FACT, (n + 1) * CHANGES_A_FACT),
    );
    return chunks.map((chunk) => newFact(KAFKA_TOPICS.SEAT_CHANGED, SOURCE, eventId, { changes: chunk }));
  });
}
