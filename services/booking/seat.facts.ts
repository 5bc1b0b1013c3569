import { type NewFact, newFact } from "#contracts/events.ts";
import { KAFKA_TOPICS } from "#contracts/topics.ts";
import type { LockedSeat } from "./hold.plan.ts";

const SOURCE = "eventix/booking";
/** A fact about seats names at most as many changes as its contract allows. */
const CHANGES_A_FACT = 500;

/** What the world is told of seats that changed: their new states by event, and nothing of who or why. */
export function factsOfSeats(seats: readonly LockedSeat[]): NewFact[] {
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
