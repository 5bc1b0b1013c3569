import type { Fact } from "#contracts/events.ts";
import type {
  InspectedBooking,
  InspectedFacts,
  InspectedPayment,
  RefusedFact,
  SeatPlace,
} from "#contracts/inspection.ts";
import { AskError } from "./ask.ts";
import type { Cluster } from "./cluster.ts";

/** All that the services know of one booking. */
export interface BookingStory {
  booking: InspectedBooking;
  /** Null while payment has not heard of the booking. */
  payment: InspectedPayment | null;
  /** Of booking and payment, oldest first. */
  facts: (Fact & { published: boolean })[];
  /** What of it a consumer will never apply. */
  refused: RefusedFact[];
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
      refusals: {
        BOOKING_NOT_FOUND: `There is no booking ${id}: npx eventix tap --from 1h shows those of the last hour`,
      },
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
  const nothing: InspectedFacts = { published: [], waiting: [], refused: [], complete: true };
  // Before the topics are read, so that what leaves payment's outbox meanwhile is seen there.
  const payment = await part<InspectedPayment | null>("payment", ask("payment.inspect", { bookingId: id }), null);
  const [facts, places] = await Promise.all([
    part<InspectedFacts>("facts", ask("booking.facts", { id }), nothing),
    part<SeatPlace[]>("places", ask("catalog.inspectSeats", { eventId: booking.eventId, seats }), []),
  ]);
  if (!facts.complete)
    unavailable.facts = "Its later facts may be missing: the topics were not read to their ends in time";
  places.sort((a, b) => a.index - b.index);
  const all = inOrder(facts, payment?.waiting ?? []);
  return { booking, payment, facts: all, refused: facts.refused, places, unavailable };
}

/** By time, each once: a fact may have been published after it was read in an outbox. */
function inOrder({ published, waiting }: InspectedFacts, waitingInPayment: Fact[]): BookingStory["facts"] {
  const byId = new Map<string, Fact & { published: boolean }>();
  for (const fact of published) byId.set(fact.id, { ...fact, published: true });
  for (const fact of [...waiting, ...waitingInPayment]) {
    if (!byId.has(fact.id)) byId.set(fact.id, { ...fact, published: false });
  }
  return [...byId.values()].sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0));
}
