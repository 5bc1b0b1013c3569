import assert from "node:assert/strict";
import { test } from "node:test";
import { fc } from "../support/property.ts";
import { Office, SEATS, type Step } from "./support/office.ts";

const seats = Array.from({ length: SEATS }, (_, n) => n);

/** What may happen, in any order and as often as it likes; `n` and `m` choose among what there is. */
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant("hold" as const), seats: fc.subarray(seats, { minLength: 1 }) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("pay" as const),
      n: fc.nat(),
      amount: fc.oneof({ weight: 4, arbitrary: fc.constant("right") }, fc.constantFrom("less", "other currency")),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("refuse payment" as const), n: fc.nat() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("cancel" as const), n: fc.nat() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("wait" as const), seconds: fc.constantFrom(1, 60) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("sweep" as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("close or open the sale" as const) }) },
  // Several at once, some for a second time, in any order: as a consumer may get them.
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant("deliver" as const), which: fc.array(fc.nat(), { maxLength: 8 }) }),
  },
);

test("whatever happens to bookings, however often and in whatever order, they follow the table and money is never lost", () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 5, maxLength: 40 }), (steps) => {
      const office = new Office();
      for (const happening of steps) {
        office.run(happening);
        office.check();
      }
      office.deliverAll();
      office.check();
      office.checkMoney();
    }),
    { numRuns: 1_500 },
  );
});

test("the steps reach every end that a booking can have", () => {
  const ends = new Set<string>();
  for (const steps of fc.sample(fc.array(step, { minLength: 30, maxLength: 60 }), 300)) {
    const office = new Office();
    for (const happening of steps) office.run(happening);
    office.deliverAll();
    for (const end of office.ends()) ends.add(end);
  }
  assert.deepEqual([...ends].sort(), [
    "CANCELLED BY_USER",
    "CANCELLED EXPIRED",
    "CANCELLED PAYMENT_FAILED",
    "CONFIRMED",
    "CONFIRMED after EXPIRED",
    "PENDING",
    "refund ALREADY_PAID",
    "refund AMOUNT_MISMATCH",
    "refund BOOKING_CANCELLED",
    "refund SEATS_GONE",
  ]);
});
