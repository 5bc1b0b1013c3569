import type { BookingResponse, SeatStatus } from "#contracts/booking.ts";
import { EventixError } from "#contracts/errors.ts";

/** A buyer's wish for seats, all or none. */
export interface HoldRequest {
  eventId: string;
  /** Sorted, without duplicates. */
  seatIds: readonly string[];
  userId: string;
  bookingId: string;
  correlationId: string;
  /** The Idempotency-Key with the SHA-256 of the body it came with. */
  idempotency: { key: string; hash: Buffer } | null;
  /** Epoch ms by this node's clock; nothing is written for a hold that is late. */
  deadline: number;
}

export interface LockedSeat {
  eventId: string;
  seatId: string;
  index: number;
  priceMinor: number;
  status: SeatStatus;
  bookingId: string | null;
  /** Epoch ms; the expiry of the booking that holds it. */
  heldUntil: number | null;
  version: number;
}

/** An event's terms with the database's time, both as of the batch's first flight. */
export interface TermsNow {
  eventId: string;
  organizerId: string;
  onSale: boolean;
  maxSeats: number;
  holdSeconds: number;
  currency: string;
  now: Date;
  expiresAt: Date;
}

export interface KeptAnswer {
  hash: Buffer;
  answer: BookingResponse;
  /** Older than a day: as if it were not there, but its row must go first. */
  stale: boolean;
}

/** What the batch's first flight saw, with row locks on every seat in it. */
export interface BatchView {
  terms: ReadonlyMap<string, TermsNow>;
  /** By seatKey. */
  seats: ReadonlyMap<string, LockedSeat>;
  /** By idempotencyScope. */
  keys: ReadonlyMap<string, KeptAnswer>;
  /** Bookings that already exist under a hold's booking id, as they were when created. */
  bookings: ReadonlyMap<string, BookingResponse>;
  /** Whether rows locked by others were waited for: only then is a missing seat one that does not exist. */
  waited: boolean;
  /** This node's clock, epoch ms. */
  clock: number;
}

/** What the holds before this one in its batch were granted. */
interface GrantedBefore {
  /** By seatKey. */
  seats: Map<string, LockedSeat>;
  /** By booking id. */
  bookings: Map<string, BookingResponse>;
  /** By idempotencyScope. */
  keys: Map<string, KeptAnswer>;
}

export interface GrantedSeat extends LockedSeat {
  status: "HELD";
  bookingId: string;
  heldUntil: number;
}

export interface Grant {
  booking: BookingResponse;
  terms: TermsNow;
  seats: GrantedSeat[];
  dropStaleKey: boolean;
  /** The hold's deadline by the database's clock: what reaches it later must not be written. */
  writeBy: Date;
}

export type Verdict =
  | ({ kind: "granted" } & Grant)
  | { kind: "answered"; booking: BookingResponse; replayed: boolean }
  | { kind: "refused"; error: EventixError }
  /** A row was locked elsewhere: decide again alone, waiting for it. */
  | { kind: "alone" }
  /** These bookings have run out and stand in the way: expire them, then decide again. */
  | { kind: "takeover"; bookingIds: string[] };

/** A hold with less time left is given up: its writes need some, and one that comes too late undoes its whole batch. */
const WRITE_MS = 50;

export const seatKey = (eventId: string, seatId: string) => `${eventId}/${seatId}`;
export const idempotencyScope = (userId: string, key: string) => `${key}\n${userId}`;

/** The idempotencyScope of a hold that has a key. */
export const keyOf = ({ userId, idempotency }: HoldRequest): string | undefined =>
  idempotency ? idempotencyScope(userId, idempotency.key) : undefined;

/**
 * Decides a batch: who gets the seats. Pure: the view in, a verdict for each hold out, in the order of the holds.
 *
 * First come first served, all or nothing a hold; no two grants share a seat. A hold that was already answered, under its
 * Idempotency-Key or its booking id, is answered the same again whatever has become of the booking since.
 */
export function planHolds(holds: readonly HoldRequest[], view: BatchView): Verdict[] {
  const before: GrantedBefore = { seats: new Map(), bookings: new Map(), keys: new Map() };
  return holds.map((hold) => {
    const verdict = decide(hold, view, before);
    if (verdict.kind === "granted") {
      before.bookings.set(hold.bookingId, verdict.booking);
      const { hash } = hold.idempotency ?? {};
      if (hash) before.keys.set(keyOf(hold) as string, { hash, answer: verdict.booking, stale: false });
      for (const seat of verdict.seats) before.seats.set(seatKey(seat.eventId, seat.seatId), seat);
    }
    return verdict;
  });
}

function decide(hold: HoldRequest, view: BatchView, before: GrantedBefore): Verdict {
  const key = keyOf(hold);
  const kept = key === undefined ? undefined : (before.keys.get(key) ?? view.keys.get(key));
  if (kept && !kept.stale) {
    if (!hold.idempotency?.hash.equals(kept.hash)) return refuse("IDEMPOTENCY_KEY_REUSED");
    // This very request, run again because its first answer was late or lost: its buyer gets the first one now.
    const isOwn = kept.answer.id === hold.bookingId;
    return { kind: "answered", booking: kept.answer, replayed: !isOwn };
  }
  const existing = view.bookings.get(hold.bookingId) ?? before.bookings.get(hold.bookingId);
  if (existing) return { kind: "answered", booking: existing, replayed: false };
  if (hold.deadline - WRITE_MS <= view.clock) return refuse("SERVICE_UNAVAILABLE");

  const terms = view.terms.get(hold.eventId);
  if (!terms?.onSale) return refuse("EVENT_NOT_ON_SALE");
  if (hold.seatIds.length > terms.maxSeats) return refuse("MAX_SEATS_EXCEEDED", { maxSeats: terms.maxSeats });
  return decideSeats(hold, terms, view, before, kept?.stale ?? false);
}

function decideSeats(
  hold: HoldRequest,
  terms: TermsNow,
  view: BatchView,
  before: GrantedBefore,
  dropStaleKey: boolean,
): Verdict {
  const rows: LockedSeat[] = [];
  const missing: string[] = [];
  for (const seatId of hold.seatIds) {
    const key = seatKey(hold.eventId, seatId);
    const row = before.seats.get(key) ?? view.seats.get(key);
    if (row) rows.push(row);
    else missing.push(seatId);
  }
  if (missing.length > 0 && view.waited) return refuse("SEAT_NOT_FOUND", { seatIds: missing });

  const now = terms.now.getTime();
  const hasRunOut = (seat: LockedSeat) => seat.status === "HELD" && (seat.heldUntil ?? 0) <= now;
  const conflicts = rows.filter((seat) => seat.status !== "AVAILABLE" && !hasRunOut(seat));
  if (conflicts.length > 0) return refuse("SEAT_ALREADY_RESERVED", { conflicts: conflicts.map(toConflict) });
  if (missing.length > 0) return { kind: "alone" };
  const runOut = new Set(rows.filter(hasRunOut).map((seat) => seat.bookingId as string));
  if (runOut.size > 0) return { kind: "takeover", bookingIds: [...runOut].sort() };
  // The database's time was read before this node's: what this one has left, that one has from then on.
  const writeBy = new Date(now + hold.deadline - view.clock);
  return grant(hold, terms, rows, { dropStaleKey, writeBy });
}

function grant(
  hold: HoldRequest,
  terms: TermsNow,
  rows: LockedSeat[],
  rest: Pick<Grant, "dropStaleKey" | "writeBy">,
): Verdict {
  const booking: BookingResponse = {
    id: hold.bookingId,
    eventId: hold.eventId,
    status: "PENDING",
    reason: null,
    seats: rows.map(({ seatId, priceMinor }) => ({ seatId, priceMinor })),
    totalMinor: rows.reduce((sum, seat) => sum + seat.priceMinor, 0),
    currency: terms.currency,
    expiresAt: terms.expiresAt.toISOString(),
    ticketReference: null,
    createdAt: terms.now.toISOString(),
  };
  const seats = rows.map(
    (seat): GrantedSeat => ({
      ...seat,
      status: "HELD",
      bookingId: hold.bookingId,
      heldUntil: terms.expiresAt.getTime(),
      version: seat.version + 1,
    }),
  );
  return { kind: "granted", booking, terms, seats, ...rest };
}

const toConflict = ({ seatId, status }: LockedSeat) => ({ seatId, status });

const refuse = (...args: ConstructorParameters<typeof EventixError>): Verdict => ({
  kind: "refused",
  error: new EventixError(...args),
});
