import assert from "node:assert/strict";
import { test } from "node:test";
import type { BookingResponse } from "#contracts/booking.ts";
import type { Fact } from "#contracts/events.ts";
import { check, type Evidence } from "./checker.ts";
import { History, type HoldOp, type Operation, outcomeOf } from "./history.ts";
import { Random } from "./random.ts";
import type { BookingRow } from "./tables.ts";

const EVENT = "event";

function booking(id: string, change: Partial<BookingResponse> = {}): BookingResponse {
  return {
    id,
    eventId: EVENT,
    status: "PENDING",
    reason: null,
    seats: [{ seatId: "s1", priceMinor: 1_000 }],
    totalMinor: 1_000,
    currency: "EUR",
    expiresAt: new Date(10_000).toISOString(),
    ticketReference: change.status === "CONFIRMED" ? "T" : null,
    createdAt: new Date(0).toISOString(),
    ...change,
  };
}

const row = (id: string, change: Partial<BookingRow> = {}): BookingRow => ({
  id,
  eventId: EVENT,
  userId: "alice",
  status: "CONFIRMED",
  reason: null,
  version: 2,
  totalMinor: 1_000,
  expiresAt: 10_000,
  ticketReference: change.status === undefined || change.status === "CONFIRMED" ? "T" : null,
  items: ["s1"],
  key: null,
  ...change,
});

const CODES: Record<number, string> = { 401: "UNAUTHORIZED", 404: "BOOKING_NOT_FOUND", 409: "BOOKING_NOT_CANCELLABLE" };

const seen = (client: string, status: number, at: number) => ({
  client,
  via: "gateway",
  invoked: at,
  ended: at + 5,
  outcome: outcomeOf(status),
  status,
  code: CODES[status],
});

const hold = (id: string | undefined, change: Partial<HoldOp> = {}, at = 0): HoldOp => ({
  kind: "hold",
  eventId: EVENT,
  seatIds: ["s1"],
  key: undefined,
  booking: id === undefined ? undefined : booking(id),
  ...seen("alice", id === undefined ? 0 : 201, at),
  ...change,
});

const read = (id: string, what: Partial<BookingResponse>, at: number, client = "alice"): Operation => ({
  kind: "read",
  bookingId: id,
  booking: booking(id, what),
  ...seen(client, 200, at),
});

const fact = (type: string, id: string, bookingVersion: number, at: number) =>
  ({
    id: `${type}-${id}`,
    type,
    subject: id,
    time: new Date(at).toISOString(),
    data: { bookingVersion, bookingId: id },
  }) as Fact;

function evidence(
  operations: Operation[],
  bookings: BookingRow[],
  facts: Fact[] = [],
  more: Partial<Evidence> = {},
): Evidence {
  const history = new History();
  for (const operation of operations) history.add(operation);
  return { history, bookings, facts, owed: [], arrived: [], publishedAt: new Map(), sweptFrom: 0, ...more };
}

const cancel = (id: string, status: number, at: number, what?: Partial<BookingResponse>): Operation => ({
  kind: "cancel",
  bookingId: id,
  booking: what && booking(id, what),
  ...seen("alice", status, at),
});

const late = (sweptFrom: number): Parameters<typeof evidence> => [
  [hold("b1")],
  [row("b1", { status: "CANCELLED", reason: "EXPIRED" })],
  [fact("booking.expired", "b1", 2, 16_001)],
  { sweptFrom },
];

const letter = (value: string | null) => ({ topic: "booking.created.dlq", key: "k", value });

const found = (...given: Parameters<typeof evidence>): string[] => [
  ...new Set(check(evidence(...given)).map(({ invariant }) => invariant)),
];

const bob = { client: "bob" };
const refused = { ...seen("alice", 409, 0), code: "SEAT_ALREADY_RESERVED" };
const cancelled = { status: "CANCELLED", reason: "BY_USER" } as const;

/** b1 had the seat from 10 until `freed` at least; bob asks for it from 2,000 to 2,005, in vain. */
const refusedAfter = (freed: number, seatIds = ["s1"]): Parameters<typeof evidence> => [
  [hold("b1"), hold(undefined, { ...refused, ...bob, seatIds, invoked: 2_000, ended: 2_005 })],
  [row("b1", cancelled)],
  [fact("booking.created", "b1", 1, 10), fact("booking.cancelled", "b1", 2, 20)],
  { publishedAt: new Map([["booking.cancelled-b1", freed]]) },
];

/** What the clients saw, what the tables hold, what was told, and what of it must never be. */
const CASES: [what: string, given: Parameters<typeof evidence>, invariants: string[]][] = [
  ["a granted booking that is there", [[hold("b1")], [row("b1")]], []],
  ["a granted booking that is nowhere", [[hold("b1")], []], ["I7"]],
  ["a granted booking that is another's", [[hold("b1")], [row("b1", { userId: "bob" })]], ["I7"]],
  ["a granted booking without its seat", [[hold("b1")], [row("b1", { items: [] })]], ["I7"]],
  ["a granted booking at another price", [[hold("b1")], [row("b1", { totalMinor: 1 })]], ["I7"]],
  ["no answer, and nothing done", [[hold(undefined)], []], []],
  ["no answer, and all of it done", [[hold(undefined)], [row("b1")]], []],
  ["no answer, and half of it done", [[hold(undefined, { seatIds: ["s1", "s2"] })], [row("b1")]], ["I7"]],
  ["one unanswered request that made two bookings", [[hold(undefined)], [row("b1"), row("b2")]], ["I7"]],
  ["an answer that says that nobody knows", [[hold(undefined, seen("alice", 503, 0))], []], []],
  ["an answer that says that something is broken", [[hold(undefined, seen("alice", 500, 0))], []], ["answers"]],
  ["a hold that is refused as another thing would be", [[hold(undefined, seen("alice", 404, 0))], []], ["answers"]],
  ["a refused request that made a booking", [[hold(undefined, refused)], [row("b1")]], ["I7"]],
  [
    "a key that was not answered and then granted, with two bookings",
    [
      [hold(undefined, { key: "k" }), hold("b1", { key: "k" })],
      [row("b1"), row("b2")],
    ],
    ["I7"],
  ],
  ["a key granted twice alike", [[hold("b1", { key: "k" }), hold("b1", { key: "k" })], [row("b1")]], []],
  [
    "a key granted twice, differently",
    [
      [hold("b1", { key: "k" }), hold("b2", { key: "k" })],
      [row("b1"), row("b2", { items: ["s1"], status: "CANCELLED", reason: "EXPIRED" })],
    ],
    ["I11"],
  ],
  [
    "a key granted, and refused when it is repeated",
    [[hold("b1", { key: "k" }), hold(undefined, { key: "k", ...refused, invoked: 50 })], [row("b1")]],
    ["I11"],
  ],
  [
    "a key refused before it is granted",
    [[hold(undefined, { key: "k", ...refused }), hold("b1", { key: "k" }, 50)], [row("b1", { key: "k" })]],
    [],
  ],
  [
    "a key not answered, and refused when its booking is there",
    [
      [hold(undefined, { key: "k" }), hold(undefined, { key: "k", ...refused, invoked: 50 })],
      [row("b1", { key: "k" })],
      [fact("booking.created", "b1", 1, 1)],
      { publishedAt: new Map([["booking.created-b1", 40]]) },
    ],
    ["I11"],
  ],
  [
    "a key not answered, and refused before its booking is known to be there",
    [
      [hold(undefined, { key: "k" }), hold(undefined, { key: "k", ...refused, invoked: 50 })],
      [row("b1", { key: "k" })],
      [fact("booking.created", "b1", 1, 1)],
      { publishedAt: new Map([["booking.created-b1", 60]]) },
    ],
    [],
  ],
  [
    "a key granted, and one that repeats it told to wait",
    [
      [hold("b1", { key: "k" }), hold(undefined, { key: "k", ...refused, invoked: 50, code: "REQUEST_IN_PROGRESS" })],
      [row("b1")],
    ],
    [],
  ],
  [
    "a cancelled booking that is confirmed",
    [[hold("b1"), { kind: "cancel", bookingId: "b1", booking: undefined, ...seen("alice", 200, 1) }], [row("b1")]],
    ["I7"],
  ],
  [
    "a cancelled booking that stays so",
    [
      [{ kind: "cancel", bookingId: "b1", booking: undefined, ...seen("alice", 200, 9) }, hold("b1")],
      [row("b1", cancelled)],
    ],
    [],
  ],
  [
    "a booking that was confirmed and is not",
    [[hold("b1"), read("b1", { status: "CONFIRMED" }, 9)], [row("b1", cancelled)]],
    ["I2"],
  ],
  [
    "a booking that ran out and was paid",
    [[hold("b1"), read("b1", { status: "CANCELLED", reason: "EXPIRED" }, 9)], [row("b1")]],
    [],
  ],
  [
    "a booking that its owner does not find",
    [[hold("b1"), { kind: "read", bookingId: "b1", booking: undefined, ...seen("alice", 404, 9) }], [row("b1")]],
    ["I7"],
  ],
  [
    "another's booking, not found",
    [[hold("b1"), { kind: "peek", bookingId: "b1", ...seen("bob", 404, 9) }], [row("b1")]],
    [],
  ],
  [
    "another's booking, asked for with a token that is no longer good",
    [[hold("b1"), { kind: "peek", bookingId: "b1", ...seen("bob", 401, 9) }], [row("b1")]],
    [],
  ],
  [
    "another's booking, shown",
    [[hold("b1"), { kind: "peek", bookingId: "b1", ...seen("bob", 200, 9) }], [row("b1")]],
    ["I9"],
  ],
  [
    "another's booking, told of",
    [[hold("b1"), { kind: "peek", bookingId: "b1", ...seen("bob", 409, 9) }], [row("b1")]],
    ["answers", "I9"],
  ],
  [
    "a seat that one reads as held while another is granted it",
    [
      [hold("b1"), hold("b2", bob, 50), read("b1", {}, 100), read("b2", {}, 110, "bob")],
      [row("b1", cancelled), row("b2", { userId: "bob" })],
    ],
    ["I1"],
  ],
  [
    "a seat that one gave up before another was granted it",
    [
      [hold("b1"), read("b1", {}, 40), hold("b2", bob, 50), read("b2", {}, 110, "bob")],
      [row("b1", cancelled), row("b2", { userId: "bob" })],
    ],
    [],
  ],
  [
    "a seat that two facts give to two at once",
    [
      [hold("b1"), hold("b2", bob)],
      [row("b1"), row("b2", { userId: "bob" })],
      [fact("booking.created", "b1", 1, 10), fact("booking.created", "b2", 1, 20)],
    ],
    ["I1"],
  ],
  [
    "a seat that came free and was taken again by whoever had it, after another let it go",
    [
      [hold("b1"), hold("b2", bob)],
      [row("b1", { version: 3 }), row("b2", { userId: "bob", ...cancelled })],
      [
        fact("booking.created", "b1", 1, 10),
        fact("booking.expired", "b1", 2, 20),
        fact("booking.created", "b2", 1, 30),
        fact("booking.cancelled", "b2", 2, 40),
        fact("booking.confirmed", "b1", 3, 50),
      ],
    ],
    [],
  ],
  [
    "a seat that one tried to cancel in vain and reads as held while another is granted it",
    [
      [hold("b1"), cancel("b1", 409, 20), hold("b2", bob, 50), read("b1", {}, 100), read("b2", {}, 110, "bob")],
      [row("b1", cancelled), row("b2", { userId: "bob", status: "CANCELLED", reason: "EXPIRED" })],
    ],
    ["I1"],
  ],
  [
    "a read that says PENDING, answered after the cancel that was sent beside it",
    [[hold("b1"), cancel("b1", 200, 20, cancelled), read("b1", {}, 22)], [row("b1", cancelled)]],
    [],
  ],
  [
    "a read that says PENDING, sent after the cancel was answered",
    [[hold("b1"), cancel("b1", 200, 20, cancelled), read("b1", {}, 26)], [row("b1", cancelled)]],
    ["I2"],
  ],
  ["a hold that is refused for a seat that came free just before", refusedAfter(950), []],
  ["a hold that is refused for a seat that came free long before", refusedAfter(850), ["answers"]],
  ["a hold that is refused for a seat that nobody had", refusedAfter(950, ["s2"]), ["answers"]],
  ["a hold that is refused for one of its seats", refusedAfter(950, ["s2", "s1"]), []],
  ["a read without its seat", [[hold("b1"), read("b1", { seats: [] }, 9)], [row("b1")]], ["I12"]],
  ["a read at another price", [[hold("b1"), read("b1", { totalMinor: 9 }, 9)], [row("b1")]], ["I12"]],
  [
    "a read with another deadline",
    [[hold("b1"), read("b1", { expiresAt: new Date(9).toISOString() }, 9)], [row("b1")]],
    ["I12"],
  ],
  [
    "a read of another's ticket",
    [[hold("b1"), read("b1", { status: "CONFIRMED", ticketReference: "U" }, 9)], [row("b1")]],
    ["I12"],
  ],
  [
    "a read with a ticket before it is paid",
    [[hold("b1"), read("b1", { ticketReference: "T" }, 9)], [row("b1")]],
    ["I12"],
  ],
  [
    "a hold that was paid six seconds after its deadline, and not swept before",
    [[hold("b1")], [row("b1")], [fact("booking.confirmed", "b1", 2, 16_001)]],
    ["I8"],
  ],
  ["a dead letter that is owed", [[], [], [], { owed: [letter("x")], arrived: [letter("x")] }], []],
  ["a dead letter of nothing", [[], [], [], { owed: [letter(null)], arrived: [letter("")] }], []],
  ["a dead letter that is not there", [[], [], [], { owed: [letter("x")], arrived: [letter("y")] }], ["I5"]],
  [
    "two dead letters of which one is there",
    [[], [], [], { owed: [letter("x"), letter("x")], arrived: [letter("x")] }],
    ["I5"],
  ],
  ["a hold that is open when all is quiet", [[hold("b1")], [row("b1", { status: "PENDING" })]], ["I8"]],
  ["a hold that was swept six seconds after its deadline", late(0), ["I8"]],
  ["a hold that was swept six seconds after its deadline, when nobody could", late(12_000), []],
  ["a hold that nobody swept six seconds after somebody could", late(11_000), ["I8"]],
];

for (const [what, given, invariants] of CASES) {
  test(`${what}: ${invariants.length > 0 ? `breaks ${invariants.join(", ")}` : "is right"}`, () => {
    assert.deepEqual(found(...given), invariants);
  });
}

test("the same seed draws the same numbers, and another seed others", () => {
  const drawn = (seed: string) =>
    Array.from(
      { length: 20 },
      (
        (random) => () =>
          random.int(1_000)
      )(new Random(seed)),
    );
  assert.deepEqual(drawn("1"), drawn("1"));
  assert.notDeepEqual(drawn("1"), drawn("2"));
  assert.notDeepEqual(drawn("1/a"), drawn("1/b"));
});
