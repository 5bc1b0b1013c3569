import assert from "node:assert/strict";
import { test } from "node:test";
import type { BookingResponse } from "#contracts/booking.ts";
import {
  type BatchView,
  type HoldRequest,
  idempotencyScope,
  type LockedSeat,
  planHolds,
  seatKey,
  type TermsNow,
  type Verdict,
} from "../../services/booking/hold.plan.ts";
import { fc } from "../support/property.ts";

const NOW = new Date("2030-01-01T00:00:00Z").getTime();
const CLOCK = 1_000;
const EVENTS = ["opera", "match"];
const SEATS = ["a", "b", "c", "d", "e", "f"];
const MAX_SEATS = 3;

/** What one seat of the batch is, as its row says; absent: another has it locked, or there is none. */
const seatState = fc.oneof(
  { weight: 6, arbitrary: fc.constant("free") },
  { weight: 2, arbitrary: fc.constantFrom("BOOKED", "BLOCKED", "held", "held until now", "run out", "absent") },
);

interface Wish {
  event: number;
  seats: string[];
  late: boolean;
  /** Which of the booking ids: the same twice is a hold and its repeat. */
  booking: number;
  key: "none" | "new" | "shared" | "kept" | "kept for itself" | "stale" | "of another body";
}

const wish: fc.Arbitrary<Wish> = fc.record({
  event: fc.nat(1),
  seats: fc.uniqueArray(fc.constantFrom(...SEATS), { minLength: 1, maxLength: 4 }).map((seats) => seats.toSorted()),
  late: fc.nat(9).map((n) => n === 0),
  booking: fc.nat(9),
  key: fc.oneof(
    { weight: 5, arbitrary: fc.constant("none" as const) },
    { weight: 2, arbitrary: fc.constantFrom("new", "shared", "kept", "kept for itself", "stale", "of another body") },
  ),
});

interface Case {
  holds: HoldRequest[];
  rows: LockedSeat[];
  view: BatchView;
}

const batch: fc.Arbitrary<Case> = fc
  .record({
    states: fc.array(seatState, { minLength: 12, maxLength: 12 }),
    wishes: fc.array(wish, { maxLength: 10 }),
    made: fc.subarray([0, 1, 2]),
    closed: fc.subarray(EVENTS, { maxLength: 1 }),
    waited: fc.boolean(),
  })
  .map(({ states, wishes, made, closed, waited }) => {
    const rows = states.flatMap((state, n) => seatOf(EVENTS[n % 2] as string, SEATS[n >> 1] as string, n, state) ?? []);
    const holds = wishes.map(toHold);
    const kept = wishes.flatMap(({ booking, key }, n) => {
      if (key === "none" || key === "new" || key === "shared") return [];
      const hash = Buffer.from(key === "of another body" ? "other" : `body ${n}`);
      const answer = answerOf(key === "kept for itself" ? `b${booking}` : `kept ${n}`);
      const entry = { hash, answer, stale: key === "stale" };
      return [[idempotencyScope("u", `k${n}`), entry] as const];
    });
    const view: BatchView = {
      terms: new Map(EVENTS.map((eventId) => [eventId, termsOf(eventId, !closed.includes(eventId))])),
      seats: new Map(rows.map((row) => [seatKey(row.eventId, row.seatId), row])),
      keys: new Map(kept),
      bookings: new Map(made.map((n) => [`b${n}`, answerOf(`b${n}`)])),
      waited,
      clock: CLOCK,
    };
    return { holds, rows, view };
  });

/** One key and body, of as many holds as there are. */
const SHARED = { key: "shared", hash: Buffer.from("shared") };

function toHold({ event, seats, late, booking, key }: Wish, n: number): HoldRequest {
  return {
    eventId: EVENTS[event] as string,
    seatIds: seats,
    userId: "u",
    bookingId: `b${booking}`,
    correlationId: "c",
    idempotency: key === "none" ? null : key === "shared" ? SHARED : { key: `k${n}`, hash: Buffer.from(`body ${n}`) },
    deadline: CLOCK + (late ? 0 : 1_000),
  };
}

function seatOf(eventId: string, seatId: string, index: number, state: string): LockedSeat | undefined {
  const row = { eventId, seatId, index, priceMinor: 100 + index, version: index, bookingId: null, heldUntil: null };
  const heldUntil = { held: NOW + 1, "held until now": NOW, "run out": NOW - 1 }[state];
  if (state === "absent") return undefined;
  if (state === "free") return { ...row, status: "AVAILABLE" };
  // Two seats each, as bookings have.
  if (heldUntil !== undefined) return { ...row, status: "HELD", bookingId: `other ${index >> 2}`, heldUntil };
  return { ...row, status: state as "BOOKED" | "BLOCKED" };
}

const answerOf = (id: string) => ({ id }) as BookingResponse;
const termsOf = (eventId: string, onSale: boolean): TermsNow => ({
  eventId,
  organizerId: "o",
  onSale,
  maxSeats: MAX_SEATS,
  holdSeconds: 60,
  currency: "EUR",
  now: new Date(NOW),
  expiresAt: new Date(NOW + 60_000),
});

/** A verdict in words. */
function say(verdict: Verdict): unknown {
  if (verdict.kind === "granted") return `granted ${verdict.booking.id}${verdict.dropStaleKey ? ", key anew" : ""}`;
  if (verdict.kind === "answered") return `answered ${verdict.booking.id}${verdict.replayed ? " replayed" : ""}`;
  if (verdict.kind === "takeover") return ["takeover", verdict.bookingIds];
  return verdict.kind === "refused" ? [verdict.error.type, verdict.error.data] : verdict.kind;
}

/** What must come of each hold, said a second time: one seat after another, in a table of who has it. */
function expected({ holds, rows, view }: Case): unknown[] {
  const own = (eventId: string, seatId: string) => `${seatId} of ${eventId}`;
  const seen = new Set(rows.map(({ eventId, seatId }) => own(eventId, seatId)));
  const taken = new Map<string, string>();
  const runOut = new Map<string, string>();
  for (const { eventId, seatId, status, heldUntil, bookingId } of rows) {
    const key = own(eventId, seatId);
    if (status === "HELD" && (heldUntil as number) <= NOW) runOut.set(key, bookingId as string);
    else if (status !== "AVAILABLE") taken.set(key, status);
  }
  const made = new Set(view.bookings.keys());
  let shared: string | undefined;
  return holds.map((hold) => {
    const kept = hold.idempotency && view.keys.get(idempotencyScope("u", hold.idempotency.key));
    if (kept && !kept.stale && String(kept.hash) === "other") return ["IDEMPOTENCY_KEY_REUSED", undefined];
    if (kept && !kept.stale) return `answered ${kept.answer.id}${kept.answer.id === hold.bookingId ? "" : " replayed"}`;
    const isShared = hold.idempotency === SHARED;
    if (isShared && shared) return `answered ${shared}${shared === hold.bookingId ? "" : " replayed"}`;
    if (made.has(hold.bookingId)) return `answered ${hold.bookingId}`;
    if (hold.deadline <= CLOCK) return ["SERVICE_UNAVAILABLE", undefined];
    if (!view.terms.get(hold.eventId)?.onSale) return ["EVENT_NOT_ON_SALE", undefined];
    if (hold.seatIds.length > MAX_SEATS) return ["MAX_SEATS_EXCEEDED", { maxSeats: MAX_SEATS }];
    const seats = hold.seatIds.map((seatId) => ({ seatId, key: own(hold.eventId, seatId) }));
    const unseen = seats.filter(({ key }) => !seen.has(key)).map(({ seatId }) => seatId);
    if (unseen.length > 0 && view.waited) return ["SEAT_NOT_FOUND", { seatIds: unseen }];
    const conflicts = seats.flatMap(({ seatId, key }) => (taken.has(key) ? [{ seatId, status: taken.get(key) }] : []));
    if (conflicts.length > 0) return ["SEAT_ALREADY_RESERVED", { conflicts }];
    if (unseen.length > 0) return "alone";
    const inTheWay = new Set(seats.flatMap(({ key }) => runOut.get(key) ?? []));
    if (inTheWay.size > 0) return ["takeover", [...inTheWay].sort()];
    for (const { key } of seats) taken.set(key, "HELD");
    made.add(hold.bookingId);
    if (isShared) shared = hold.bookingId;
    return `granted ${hold.bookingId}${kept ? ", key anew" : ""}`;
  });
}

test("every batch is decided as one who serves hold after hold would, and refusals name what is taken", () => {
  fc.assert(
    fc.property(batch, (given) => assert.deepEqual(planHolds(given.holds, given.view).map(say), expected(given))),
  );
});

test("no two grants share a seat, and each has all the seats it asked for, free before, at their price", () => {
  fc.assert(
    fc.property(batch, ({ holds, view }) => {
      const given = new Set<string>();
      for (const [n, verdict] of planHolds(holds, view).entries()) {
        if (verdict.kind !== "granted") continue;
        const { eventId, seatIds, bookingId } = holds[n] as HoldRequest;
        const rows = seatIds.map((seatId) => view.seats.get(seatKey(eventId, seatId)) as LockedSeat);
        for (const { seatId, status } of rows) {
          assert.equal(status, "AVAILABLE");
          assert(!given.has(seatKey(eventId, seatId)), `${seatId} is given twice`);
          given.add(seatKey(eventId, seatId));
        }
        const heldUntil = NOW + 60_000;
        const after = rows.map((row) => ({
          ...row,
          status: "HELD",
          bookingId,
          heldUntil,
          version: row.version + 1,
        }));
        assert.deepEqual(verdict.seats, after);
        const priced = rows.map(({ seatId, priceMinor }) => ({ seatId, priceMinor }));
        assert.deepEqual(verdict.booking.seats, priced);
        assert.equal(
          verdict.booking.totalMinor,
          priced.reduce((sum, seat) => sum + seat.priceMinor, 0),
        );
      }
    }),
  );
});

test("whoever comes later changes nothing for those before", () => {
  fc.assert(
    fc.property(batch, fc.nat(10), ({ holds, view }, length) => {
      const all = planHolds(holds, view).map(say);
      assert.deepEqual(planHolds(holds.slice(0, length), view).map(say), all.slice(0, length));
    }),
  );
});
