import { EventixError } from "#contracts/errors.ts";
import type { NewFact } from "#contracts/events.ts";
import type { Tx } from "#mixins/transaction.ts";
import { factsOfChange } from "./booking.facts.ts";
import { lockBookings } from "./booking.repository.ts";
import { STATES, stateOf, TRANSITIONS } from "./booking.transitions.ts";
import { findOnSale, findTickets, lockSeatsOf, saveChanges } from "./booking-change.repository.ts";
import type { Booking } from "./booking-view.ts";
import { type ChangeView, type Command, type PlannedChange, planChanges } from "./change.plan.ts";
import { type LockedSeat, seatKey } from "./hold.plan.ts";
import { factsOfSeats } from "./seat.facts.ts";
import { drawTicketReference } from "./ticket-reference.ts";

/** Seats of an event that came free, with their versions: a hint to actors, to be given once it is committed. */
export interface Released {
  eventId: string;
  seats: { seatId: string; version: number }[];
}

export interface Outcome {
  /** In the order of the commands, without those of unknown bookings. */
  changes: PlannedChange[];
  /** Commands for bookings that do not exist. */
  unknown: Command[];
  /** To be written to the outbox by the caller, in this transaction: the bookings' facts, then those of their seats. */
  publish: NewFact[];
  released: Released[];
}

/**
 * Applies commands for distinct bookings, whatever their events: locks the bookings by (event_id, id), then all their seats by
 * (event_id, seat_id), decides by booking.transitions.ts and writes. Throws 55P03 when a row stays locked by another.
 */
export async function applyTransitions(tx: Tx, commands: readonly Command[], draw?: () => string): Promise<Outcome> {
  return applyToLocked(tx, await lockBookings(tx, commands), commands, draw);
}

/** The same for bookings that the transaction has locked already. */
export async function applyToLocked(
  tx: Tx,
  bookings: readonly Booking[],
  commands: readonly Command[],
  draw: () => string = drawTicketReference,
): Promise<Outcome> {
  const view = await lockView(tx, bookings);
  const changes = planChanges(commands, view);
  await assignTickets(tx, changes, draw);
  const seats = lastOf(changes.flatMap((change) => change.seats));
  await saveChanges(tx, {
    bookings: changes.filter(({ before, after }) => before !== after),
    released: bookingsWith(changes, "releaseSeats"),
    retaken: bookingsWith(changes, "retakeSeats"),
    seats: seats.map((after) => ({ before: view.seats.get(keyOf(after)) as LockedSeat, after })),
  });
  const known = new Set(changes.map(({ command }) => command));
  return {
    changes,
    unknown: commands.filter((command) => !known.has(command)),
    publish: [...changes.flatMap(factsOfChange), ...factsOfSeats(seats)],
    released: releasedOf(seats),
  };
}

/** States in which something that happens to a booking can change its seats. */
const SEATS_MATTER = new Set(
  STATES.filter((state) => TRANSITIONS.some((t) => t.effects.length > 0 && (t.from === state || t.from === "*"))),
);
const RETAKEABLE = new Set(TRANSITIONS.flatMap((t) => (t.effects.includes("retakeSeats") ? [t.from] : [])));

async function lockView(tx: Tx, bookings: readonly Booking[]): Promise<ChangeView> {
  // By state alone and not by what is asked now: a later round of the batch then finds all it may touch already locked.
  const seats = await lockSeatsOf(
    tx,
    bookings.filter((booking) => SEATS_MATTER.has(stateOf(booking))),
  );
  const retakeable = bookings.filter((booking) => RETAKEABLE.has(stateOf(booking)));
  const onSale = await findOnSale(tx, [...new Set(retakeable.map(({ eventId }) => eventId))]);
  return { bookings: new Map(bookings.map((booking) => [booking.id, booking])), seats, onSale };
}

/** With 60 bits a second draw is hardly ever needed; a fifth means that the source of chance is broken. */
const DRAWS_MAX = 5;

/** Gives tickets to the bookings that become confirmed, none that its event has given out or that this batch gives twice. */
async function assignTickets(tx: Tx, changes: readonly PlannedChange[], draw: () => string): Promise<void> {
  let open = changes.filter(({ transition }) => transition?.effects.includes("assignTicketReference"));
  const drawn = new Set<string>();
  for (let draws = 0; open.length > 0; draws++) {
    if (draws === DRAWS_MAX) throw new EventixError("SERVICE_UNAVAILABLE");
    const tickets = open.map((change) => ({ change, eventId: change.after.eventId, reference: draw() }));
    const taken = new Set(await findTickets(tx, tickets));
    open = tickets.flatMap((ticket) => {
      const key = `${ticket.eventId}/${ticket.reference}`;
      if (taken.has(ticket) || drawn.has(key)) return [ticket.change];
      drawn.add(key);
      ticket.change.after.ticketReference = ticket.reference;
      return [];
    });
  }
}

const bookingsWith = (changes: readonly PlannedChange[], effect: "releaseSeats" | "retakeSeats") =>
  changes.flatMap(({ transition, after }) => (transition?.effects.includes(effect) ? [after] : []));

const keyOf = ({ eventId, seatId }: LockedSeat) => seatKey(eventId, seatId);

/** Of a seat that one booking gave back and another took in the same batch only what it is in the end. */
const lastOf = (seats: readonly LockedSeat[]) => [...new Map(seats.map((seat) => [keyOf(seat), seat])).values()];

function releasedOf(seats: readonly LockedSeat[]): Released[] {
  const free = seats.filter(({ status }) => status === "AVAILABLE");
  return [...Map.groupBy(free, ({ eventId }) => eventId)].map(([eventId, ofEvent]) => ({
    eventId,
    seats: ofEvent.map(({ seatId, version }) => ({ seatId, version })),
  }));
}
