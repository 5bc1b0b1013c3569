import type { Cause } from "#contracts/events.ts";
import {
  type Effect,
  findTransition,
  type Guard,
  partsOf,
  stateOf,
  type Transition,
  type Trigger,
} from "./booking.transitions.ts";
import type { Booking } from "./booking-view.ts";
import { type LockedSeat, seatKey } from "./hold.plan.ts";

/** Money taken for a booking. */
export interface Payment {
  paymentId: string;
  captureId: string;
  amountMinor: number;
  currency: string;
}

/** Something that happened to a booking and may change it. */
export type Command = { bookingId: string; eventId: string; cause: Cause } & (
  | { on: "payment.success"; payment: Payment }
  | { on: Exclude<Trigger, "payment.success"> }
);

/** What is known, with everything locked, before a batch of commands is decided. */
export interface ChangeView {
  /** By id. */
  bookings: ReadonlyMap<string, Booking>;
  /** By seatKey. */
  seats: ReadonlyMap<string, LockedSeat>;
  /** Events on sale by the database's clock; only those of which a booking may be retaken. */
  onSale: ReadonlySet<string>;
}

/** What a command does. Without a transition nothing: `after` is `before`. The ticket reference is still to be drawn. */
export interface PlannedChange {
  command: Command;
  transition: Transition | undefined;
  before: Booking;
  after: Booking;
  /** The booking's seats that change, as they are to be. */
  seats: readonly LockedSeat[];
}

/** Rows that contradict one another: a fault of ours, which no repeat mends. */
export class SeatsDisagreeError extends Error {
  override name = "SeatsDisagreeError";
  constructor(booking: Booking) {
    super(`Booking ${booking.id} is ${booking.status}, but not all of its seats are its own.`);
  }
}

/**
 * Decides a batch of commands for distinct bookings. Pure: in the order of the commands, each on the seats as those before it
 * leave them, so that a seat is never given to two. Commands for bookings that the view lacks are left out.
 */
export function planChanges(commands: readonly Command[], view: ChangeView): PlannedChange[] {
  const seats = new Map(view.seats);
  return commands.flatMap((command) => {
    const before = view.bookings.get(command.bookingId);
    if (!before || before.eventId !== command.eventId) return [];
    const own = before.seats.map(({ seatId }) => seats.get(seatKey(before.eventId, seatId)));
    const transition = findTransition(stateOf(before), command.on, (guard) =>
      GUARDS[guard](before, command, own, view.onSale),
    );
    const change = planned(command, transition, before, own);
    for (const seat of change.seats) seats.set(seatKey(seat.eventId, seat.seatId), seat);
    return [change];
  });
}

type Check = (
  booking: Booking,
  command: Command,
  seats: readonly (LockedSeat | undefined)[],
  onSale: ReadonlySet<string>,
) => boolean;

const GUARDS: Record<Guard, Check> = {
  captureIsApplied: ({ captureId }, command) =>
    command.on === "payment.success" && captureId === command.payment.captureId,
  amountDiffers: ({ totalMinor, currency }, command) =>
    command.on === "payment.success" &&
    (command.payment.amountMinor !== totalMinor || command.payment.currency !== currency),
  // Another's hold that has run out is not free: the money of a late payment does not cut short what is not expired yet.
  seatsCanBeRetaken: ({ eventId }, _command, seats, onSale) =>
    onSale.has(eventId) && seats.every((seat) => seat?.status === "AVAILABLE"),
};

function planned(
  command: Command,
  transition: Transition | undefined,
  before: Booking,
  own: readonly (LockedSeat | undefined)[],
): PlannedChange {
  if (!transition?.publishes) return { command, transition, before, after: before, seats: [] };
  const { to, effects } = transition;
  const after: Booking = { ...before, ...(to && partsOf(to)), version: before.version + 1 };
  if (to === "CONFIRMED" && command.on === "payment.success") after.captureId = command.payment.captureId;
  return { command, transition, before, after, seats: seatsAfter(effects, before, own) };
}

function seatsAfter(
  effects: readonly Effect[],
  booking: Booking,
  own: readonly (LockedSeat | undefined)[],
): LockedSeat[] {
  const books = effects.includes("bookSeats");
  if (!books && !effects.includes("releaseSeats")) return [];
  const holder = effects.includes("retakeSeats") ? null : booking.id;
  return own.map((seat) => {
    if (seat?.bookingId !== holder) throw new SeatsDisagreeError(booking);
    return {
      ...seat,
      status: books ? "BOOKED" : "AVAILABLE",
      bookingId: books ? booking.id : null,
      heldUntil: null,
      version: seat.version + 1,
    };
  });
}
