import { type BookingStatus, CancelReason, BookingStatus as Status } from "#contracts/booking.ts";
import { KAFKA_TOPICS } from "#contracts/topics.ts";

/** A booking's state: its status, and for CANCELLED the reason, since only an expired booking can come back. */
export type State = "PENDING" | "CONFIRMED" | `CANCELLED:${CancelReason}`;
export type Trigger = "payment.success" | "payment.failed" | "buyer.cancels" | "deadline.passes";
/** What must also be true of the booking and the message. The first row whose guard holds is the rule. */
export type Guard = "captureIsApplied" | "amountDiffers" | "seatsCanBeRetaken";
export type Effect = "bookSeats" | "releaseSeats" | "retakeSeats" | "assignTicketReference";
export type Published =
  | typeof KAFKA_TOPICS.BOOKING_CONFIRMED
  | typeof KAFKA_TOPICS.BOOKING_CANCELLED
  | typeof KAFKA_TOPICS.BOOKING_EXPIRED
  | typeof KAFKA_TOPICS.BOOKING_REFUND_DUE;
export type RefundReason = "AMOUNT_MISMATCH" | "ALREADY_PAID" | "SEATS_GONE" | "BOOKING_CANCELLED";

export interface Transition {
  from: State | "*";
  on: Trigger;
  when?: Guard;
  /** Absent: the state stays. */
  to?: State;
  effects: readonly Effect[];
  publishes: Published | null;
  refundReason?: RefundReason;
}

const { BOOKING_CONFIRMED, BOOKING_CANCELLED, BOOKING_EXPIRED, BOOKING_REFUND_DUE } = KAFKA_TOPICS;
const refund = (refundReason: RefundReason) => ({ effects: [], publishes: BOOKING_REFUND_DUE, refundReason }) as const;

/** Every change a booking can undergo. A pair of state and trigger that no row names changes and publishes nothing. */
export const TRANSITIONS: readonly Transition[] = [
  { from: "*", on: "payment.success", when: "captureIsApplied", effects: [], publishes: null },
  { from: "*", on: "payment.success", when: "amountDiffers", ...refund("AMOUNT_MISMATCH") },
  {
    from: "PENDING",
    on: "payment.success",
    to: "CONFIRMED",
    effects: ["bookSeats", "assignTicketReference"],
    publishes: BOOKING_CONFIRMED,
  },
  {
    from: "PENDING",
    on: "payment.failed",
    to: "CANCELLED:PAYMENT_FAILED",
    effects: ["releaseSeats"],
    publishes: BOOKING_CANCELLED,
  },
  {
    from: "PENDING",
    on: "buyer.cancels",
    to: "CANCELLED:BY_USER",
    effects: ["releaseSeats"],
    publishes: BOOKING_CANCELLED,
  },
  {
    from: "PENDING",
    on: "deadline.passes",
    to: "CANCELLED:EXPIRED",
    effects: ["releaseSeats"],
    publishes: BOOKING_EXPIRED,
  },
  {
    from: "CANCELLED:EXPIRED",
    on: "payment.success",
    when: "seatsCanBeRetaken",
    to: "CONFIRMED",
    effects: ["retakeSeats", "bookSeats", "assignTicketReference"],
    publishes: BOOKING_CONFIRMED,
  },
  { from: "CANCELLED:EXPIRED", on: "payment.success", ...refund("SEATS_GONE") },
  { from: "CANCELLED:BY_USER", on: "payment.success", ...refund("BOOKING_CANCELLED") },
  { from: "CANCELLED:PAYMENT_FAILED", on: "payment.success", ...refund("BOOKING_CANCELLED") },
  { from: "CONFIRMED", on: "payment.success", ...refund("ALREADY_PAID") },
];

export const STATES: readonly State[] = [
  "PENDING",
  "CONFIRMED",
  ...Object.values(CancelReason).map((reason): State => `CANCELLED:${reason}`),
];

/** The rule for a trigger in a state, or undefined where nothing is to happen. `holds` tells whether a guard is true. */
export function findTransition(from: State, on: Trigger, holds: (guard: Guard) => boolean): Transition | undefined {
  return TRANSITIONS.find(
    (t) => (t.from === from || t.from === "*") && t.on === on && (t.when === undefined || holds(t.when)),
  );
}

export function stateOf(booking: { status: BookingStatus; reason: CancelReason | null }): State {
  if (booking.status !== Status.CANCELLED) return booking.status;
  return `CANCELLED:${booking.reason as CancelReason}`;
}

/** Status and reason of a state, as the table of bookings keeps them. */
export function partsOf(state: State): { status: BookingStatus; reason: CancelReason | null } {
  if (state === "PENDING" || state === "CONFIRMED") return { status: state, reason: null };
  return { status: Status.CANCELLED, reason: state.slice("CANCELLED:".length) as CancelReason };
}

/** Run when the service starts: throws if the table names an unreachable state or has a row that can never apply. */
export function checkTransitions(table: readonly Transition[] = TRANSITIONS): void {
  const wrong: string[] = [];
  const reached = new Set<State>(["PENDING"]);
  for (let before = 0; before !== reached.size; ) {
    before = reached.size;
    for (const t of table) if (t.to && (t.from === "*" || reached.has(t.from))) reached.add(t.to);
  }
  for (const state of STATES) if (!reached.has(state)) wrong.push(`${state} cannot be reached`);
  table.forEach((t, i) => {
    const shadow = table
      .slice(0, i)
      .find((s) => s.on === t.on && (s.from === t.from || s.from === "*") && (!s.when || s.when === t.when));
    if (shadow) wrong.push(`${t.from} on ${t.on} (${t.when ?? "always"}) can never apply: an earlier row answers`);
    if (t.to && !STATES.includes(t.to)) wrong.push(`${t.to} is not a state`);
    if (t.publishes === BOOKING_REFUND_DUE && !t.refundReason)
      wrong.push(`${t.from} on ${t.on} refunds without a reason`);
  });
  if (wrong.length > 0) throw new TypeError(`booking.transitions.ts: ${wrong.join("; ")}`);
}
