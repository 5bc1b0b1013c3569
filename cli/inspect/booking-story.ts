import type { Fact } from "#contracts/events.ts";
import type { InspectedBooking, InspectedFacts, InspectedPayment, SeatPlace } from "#contracts/inspection.ts";
import { AskError } from "./ask.ts";
import type { Cluster } from "./cluster.ts";

/** Longer than booking may read topics. */
const FACTS_MS = 10_000;

/** All that the services know of one booking. */
export interface BookingStory {
  booking: InspectedBooking;
  /** Null while payment has not heard of the booking. */
  payment: InspectedPayment | null;
  /** Of booking and payment, oldest first. */
  facts: (Fact & { published: boolean })[];
  /** Of its seats, in the order of the seating plan. */
  places: SeatPlace[];
  /** Parts that could not be had, and why; they are empty above. */
  unavailable: { payment?: string; facts?: string; places?: string };
}

/** Asks booking, and whoever else is there: a booking is most worth looking at when something is not. Throws AskError. */
export async function bookingStory({ ask }: Pick<Cluster, "ask">, id: string): Promise<BookingStory> {
  const booking = await ask<InspectedBooking>(
    "booking.inspect",
    { id },
    {
      refusals: { BOOKING_NOT_FOUND: `There is no booking ${id}` },
    },
  );
  const unavailable: BookingStory["unavailable"] = {};
  const part = async <T>(name: keyof typeof unavailable, asked: Promise<T>, otherwise: T): Promise<T> => {
    try {
      return await asked;
    } catch (error) {
      if (!(error instanceof AskError)) throw error;
      if (error.code !== "PAYMENT_NOT_FOUND") unavailable[name] = error.message;
      return otherwise;
    }
  };
  const seats = booking.seats.map(({ seatId }) => seatId);
  const nothing: InspectedFacts = { published: [], waiting: [], complete: true };
  const [payment, facts, places] = await Promise.all([
    part<InspectedPayment | null>("payment", ask("payment.inspect", { bookingId: id }), null),
    part<InspectedFacts>("facts", ask("booking.facts", { id }, { timeoutMs: FACTS_MS }), nothing),
    part<SeatPlace[]>("places", ask("catalog.inspectSeats", { eventId: booking.eventId, seats }), []),
  ]);
  if (!facts.complete) unavailable.facts = "Not all of its facts were read: Kafka was too slow";
  places.sort((a, b) => a.index - b.index);
  return { booking, payment, facts: inOrder(facts, payment?.waiting ?? []), places, unavailable };
}

/** Published first: a fact may have left the outbox after it was read there. */
function inOrder({ published, waiting }: InspectedFacts, waitingInPayment: Fact[]): BookingStory["facts"] {
  const byId = new Map<string, Fact & { published: boolean }>();
  for (const fact of published) byId.set(fact.id, { ...fact, published: true });
  for (const fact of [...waiting, ...waitingInPayment]) {
    if (!byId.has(fact.id)) byId.set(fact.id, { ...fact, published: false });
  }
  return [...byId.values()].sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0));
}
