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

const EVENT = "e";
const NOW = new Date("2030-01-01T00:00:00Z");
/** The node's clock, which is not the database's. */
const CLOCK = 1_000;
const HASH = Buffer.from("body");

const terms: TermsNow = {
  eventId: EVENT,
  organizerId: "o",
  onSale: true,
  maxSeats: 4,
  holdSeconds: 60,
  currency: "EUR",
  now: NOW,
  expiresAt: new Date(NOW.getTime() + 60_000),
};

const seat = (seatId: string, over: Partial<LockedSeat> = {}): LockedSeat => ({
  eventId: EVENT,
  seatId,
  index: 0,
  priceMinor: 1000,
  status: "AVAILABLE",
  bookingId: null,
  heldUntil: null,
  version: 7,
  ...over,
});
const heldUntil = (ms: number, bookingId = "other"): Partial<LockedSeat> => ({
  status: "HELD",
  bookingId,
  heldUntil: NOW.getTime() + ms,
});

let made = 0;
const hold = (seatIds: string[], over: Partial<HoldRequest> = {}): HoldRequest => ({
  eventId: EVENT,
  seatIds,
  userId: "u",
  bookingId: `b${++made}`,
  correlationId: "c",
  idempotency: null,
  deadline: CLOCK + 1_000,
  ...over,
});

const view = (seats: LockedSeat[], over: Partial<BatchView> = {}): BatchView => ({
  terms: new Map([[EVENT, terms]]),
  seats: new Map(seats.map((s) => [seatKey(EVENT, s.seatId), s])),
  keys: new Map(),
  bookings: new Map(),
  waited: false,
  clock: CLOCK,
  ...over,
});

const answer = { id: "kept" } as BookingResponse;
const keyed = { idempotency: { key: "k", hash: HASH } };
const kept = (hash: Buffer, stale = false) => ({
  keys: new Map([[idempotencyScope("u", "k"), { hash, answer, stale }]]),
});
const say = (verdict: Verdict): string =>
  verdict.kind === "refused"
    ? verdict.error.type
    : verdict.kind === "takeover"
      ? verdict.bookingIds.join()
      : verdict.kind === "answered" && verdict.replayed
        ? "replayed"
        : verdict.kind;

const cases: [name: string, holds: HoldRequest[], view: BatchView, verdicts: string[]][] = [
  ["free seats are granted", [hold(["a", "b"])], view([seat("a"), seat("b")]), ["granted"]],
  [
    "the first of two holds for one seat gets it",
    [hold(["a"]), hold(["a"])],
    view([seat("a")]),
    ["granted", "SEAT_ALREADY_RESERVED"],
  ],
  [
    "a refused hold takes none of its seats, so a later one may have them",
    [hold(["a", "b"]), hold(["b"])],
    view([seat("a", heldUntil(1)), seat("b")]),
    ["SEAT_ALREADY_RESERVED", "granted"],
  ],
  [
    "a booked seat is taken",
    [hold(["a"])],
    view([seat("a", { status: "BOOKED", bookingId: "x" })]),
    ["SEAT_ALREADY_RESERVED"],
  ],
  ["a blocked seat is taken", [hold(["a"])], view([seat("a", { status: "BLOCKED" })]), ["SEAT_ALREADY_RESERVED"]],
  ["a seat held until this very moment has run out", [hold(["a"])], view([seat("a", heldUntil(0))]), ["other"]],
  [
    "all run-out bookings that stand in the way are named",
    [hold(["a", "b"])],
    view([seat("a", heldUntil(-1, "y")), seat("b", heldUntil(-1, "x"))]),
    ["x,y"],
  ],
  [
    "a run-out hold is left alone when another seat is taken anyway",
    [hold(["a", "b"])],
    view([seat("a", heldUntil(-1)), seat("b", heldUntil(1))]),
    ["SEAT_ALREADY_RESERVED"],
  ],
  ["a row that is missing in a batch is decided alone", [hold(["a", "z"])], view([seat("a")]), ["alone"]],
  [
    "a row still missing after waiting is no seat",
    [hold(["a", "z"])],
    view([seat("a")], { waited: true }),
    ["SEAT_NOT_FOUND"],
  ],
  ["more seats than the event allows", [hold(["a", "b", "c", "d", "e"])], view([]), ["MAX_SEATS_EXCEEDED"]],
  [
    "an event that is not on sale",
    [hold(["a"])],
    view([seat("a")], { terms: new Map([[EVENT, { ...terms, onSale: false }]]) }),
    ["EVENT_NOT_ON_SALE"],
  ],
  ["an event that nobody knows", [hold(["a"])], view([seat("a")], { terms: new Map() }), ["EVENT_NOT_ON_SALE"]],
  [
    "a repeat under its key is answered as before",
    [hold(["a"], keyed)],
    view([seat("a", heldUntil(9))], kept(HASH)),
    ["replayed"],
  ],
  [
    "a hold that runs again under its key is answered with what it made itself",
    [hold(["a"], { ...keyed, bookingId: answer.id })],
    view([seat("a", heldUntil(9))], kept(HASH)),
    ["answered"],
  ],
  [
    "another body under the key",
    [hold(["a"], keyed)],
    view([seat("a")], kept(Buffer.from("other"))),
    ["IDEMPOTENCY_KEY_REUSED"],
  ],
  [
    "of holds with one key in a batch the first is granted and answers the others",
    [hold(["a"], keyed), hold(["a"], keyed), hold(["b"], { idempotency: { key: "k", hash: Buffer.from("other") } })],
    view([seat("a"), seat("b")]),
    ["granted", "replayed", "IDEMPOTENCY_KEY_REUSED"],
  ],
  [
    "a hold that is refused leaves its key to the next",
    [hold(["a"], keyed), hold(["b"], { idempotency: { key: "k", hash: Buffer.from("other") } })],
    view([seat("a", heldUntil(9)), seat("b")]),
    ["SEAT_ALREADY_RESERVED", "granted"],
  ],
  [
    "a key older than a day is free again",
    [hold(["a"], keyed)],
    view([seat("a")], kept(Buffer.from("other"), true)),
    ["granted"],
  ],
  [
    "a booking that exists is answered whatever its seats are now",
    [hold(["a"], { bookingId: "mine" })],
    view([seat("a", heldUntil(9))], { bookings: new Map([["mine", answer]]) }),
    ["answered"],
  ],
  [
    "a hold that meets its own repeat in the batch is made once, and both are answered with it",
    [hold(["a"], { bookingId: "mine" }), hold(["a"], { bookingId: "mine" })],
    view([seat("a")]),
    ["granted", "answered"],
  ],
  [
    "a late hold gets nothing, and nobody is refused a seat because of it",
    [hold(["a"], { deadline: CLOCK }), hold(["a"])],
    view([seat("a")]),
    ["SERVICE_UNAVAILABLE", "granted"],
  ],
  [
    "a late hold that was answered before is answered again",
    [hold(["a"], { bookingId: "mine", deadline: CLOCK })],
    view([seat("a", heldUntil(9))], { bookings: new Map([["mine", answer]]) }),
    ["answered"],
  ],
];

for (const [name, holds, given, verdicts] of cases) {
  test(name, () => assert.deepEqual(planHolds(holds, given).map(say), verdicts));
}

test("a grant carries price, total, deadline and the seats' next versions", () => {
  const [verdict] = planHolds([hold(["a", "b"])], view([seat("a", { priceMinor: 150 }), seat("b")]));
  assert(verdict?.kind === "granted");
  assert.equal(verdict.booking.totalMinor, 1150);
  assert.equal(verdict.booking.status, "PENDING");
  assert.equal(verdict.booking.expiresAt, terms.expiresAt.toISOString());
  assert.deepEqual(
    verdict.seats.map(({ version, status, heldUntil: until }) => ({ version, status, until })),
    [0, 1].map(() => ({ version: 8, status: "HELD", until: terms.expiresAt.getTime() })),
  );
});

test("a refusal names every taken seat with its status, and no free one", () => {
  const [verdict] = planHolds(
    [hold(["a", "b", "c"])],
    view([seat("a", heldUntil(1)), seat("b"), seat("c", { status: "BOOKED", bookingId: "x" })]),
  );
  assert(verdict?.kind === "refused");
  assert.deepEqual(verdict.error.data, {
    conflicts: [
      { seatId: "a", status: "HELD" },
      { seatId: "c", status: "BOOKED" },
    ],
  });
});
