import assert from "node:assert/strict";
import { test } from "node:test";
import {
  checkTransitions,
  findTransition,
  type Guard,
  type Published,
  partsOf,
  type RefundReason,
  STATES,
  type State,
  stateOf,
  TRANSITIONS,
  type Transition,
  type Trigger,
} from "../../services/booking/booking.transitions.ts";

const TRIGGERS: Trigger[] = ["payment.success", "payment.failed", "buyer.cancels", "deadline.passes"];
const GUARDS: Guard[] = ["captureIsApplied", "amountDiffers", "seatsCanBeRetaken"];

/** Every combination of guards that may be true at once. */
const COMBINATIONS: ReadonlySet<Guard>[] = Array.from(
  { length: 2 ** GUARDS.length },
  (_, bits) => new Set(GUARDS.filter((_guard, n) => bits & (2 ** n))),
);

type Result = { to: State; publishes: Published; refund?: RefundReason } | null;
const refund = (to: State, reason: RefundReason): Result => ({ to, publishes: "booking.refund_due", refund: reason });
const CONFIRMED: Result = { to: "CONFIRMED", publishes: "booking.confirmed" };

/** What must come of money, said a second time and by other means than the table under test. */
function expectedOfMoney(state: State, guards: ReadonlySet<Guard>): Result {
  if (guards.has("captureIsApplied")) return null;
  if (guards.has("amountDiffers")) return refund(state, "AMOUNT_MISMATCH");
  switch (state) {
    case "PENDING":
      return CONFIRMED;
    case "CONFIRMED":
      return refund(state, "ALREADY_PAID");
    case "CANCELLED:EXPIRED":
      return guards.has("seatsCanBeRetaken") ? CONFIRMED : refund(state, "SEATS_GONE");
    default:
      return refund(state, "BOOKING_CANCELLED");
  }
}

const ENDS_OF_PENDING: Partial<Record<Trigger, Result>> = {
  "payment.failed": { to: "CANCELLED:PAYMENT_FAILED", publishes: "booking.cancelled" },
  "buyer.cancels": { to: "CANCELLED:BY_USER", publishes: "booking.cancelled" },
  "deadline.passes": { to: "CANCELLED:EXPIRED", publishes: "booking.expired" },
};

const resultOf = (from: State, transition: Transition | undefined): Result => {
  if (!transition?.publishes) return null;
  const { to = from, publishes, refundReason } = transition;
  return { to, publishes, ...(refundReason && { refund: refundReason }) };
};

for (const state of STATES) {
  for (const trigger of TRIGGERS) {
    test(`${state} on ${trigger} goes where it must, whatever guards hold`, () => {
      for (const guards of COMBINATIONS) {
        const found = findTransition(state, trigger, (guard) => guards.has(guard));
        const ends = state === "PENDING" ? (ENDS_OF_PENDING[trigger] ?? null) : null;
        const expected = trigger === "payment.success" ? expectedOfMoney(state, guards) : ends;
        assert.deepEqual(resultOf(state, found), expected, `with ${[...guards].join(", ") || "no guard"}`);
      }
    });
  }
}

test("a ticket is drawn and seats are booked exactly where a booking becomes confirmed", () => {
  for (const { from, on, to, effects } of TRANSITIONS) {
    const confirms = to === "CONFIRMED";
    assert.equal(effects.includes("assignTicketReference"), confirms, `${from} on ${on}`);
    assert.equal(effects.includes("bookSeats"), confirms, `${from} on ${on}`);
    assert.equal(effects.includes("retakeSeats"), confirms && from !== "PENDING", `${from} on ${on}`);
    assert.equal(effects.includes("releaseSeats"), to?.startsWith("CANCELLED") ?? false, `${from} on ${on}`);
  }
});

test("a state is what status and reason say together", () => {
  for (const state of STATES) assert.equal(stateOf(partsOf(state)), state);
});

const row = (over: Partial<Transition>): Transition => ({
  from: "PENDING",
  on: "payment.failed",
  effects: [],
  publishes: null,
  ...over,
});
const WRONG: [string, Transition[], RegExp][] = [
  [
    "a state that nothing leads to",
    TRANSITIONS.filter((t) => t.to !== "CANCELLED:BY_USER"),
    /BY_USER cannot be reached/,
  ],
  ["a row behind one that always answers", [...TRANSITIONS, row({ when: "amountDiffers" })], /can never apply/],
  [
    "a state that does not exist",
    [...TRANSITIONS, row({ from: "CONFIRMED", to: "LOST" as State })],
    /LOST is not a state/,
  ],
  [
    "a refund without a reason",
    [...TRANSITIONS, row({ from: "CONFIRMED", publishes: "booking.refund_due" })],
    /without a reason/,
  ],
];
for (const [what, table, message] of WRONG) {
  test(`a table with ${what} is refused at start-up`, () => {
    assert.throws(() => checkTransitions(table), message);
  });
}

test("the table that is sold by passes its own check", () => checkTransitions());
