// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are source texts that are looked for
import type { Edit, Mutation } from "./mutations.ts";

const bookings = "services/booking/booking.repository.ts";
const changePlan = "services/booking/change.plan.ts";
const changeRows = "services/booking/booking-change.repository.ts";
const changesTest = "test/booking/changes.test.ts";
const paymentResultTest = "test/booking/payment-result.test.ts";

/** It stands behind the row lock of each change. */
export const WITHOUT_COMPARE_AND_SET: Edit = {
  file: changeRows,
  find: "and b.status = k.old_status and b.version = k.old_version",
  put: "",
};

/** Guards of what becomes of a booking and its seats, and of what its key is answered with. */
export const CHANGE_GUARDS: readonly Mutation[] = [
  {
    name: "cancelled-without-lock",
    what: "a booking is cancelled without its row lock, though it is being paid: its seats are sold again",
    guards: ["I2"],
    edits: [
      {
        file: bookings,
        find: "where b.id = $1 and b.user_id = $2 for update of b",
        put: "where b.id = $1 and b.user_id = $2",
      },
      WITHOUT_COMPARE_AND_SET,
    ],
    noticedBy: {
      file: "test/booking/cancel.test.ts",
      test: "a booking that is confirmed while its cancellation waits",
    },
  },
  {
    name: "settled-booking-without-lock",
    what: "results of a payment change a booking without its row lock, in whatever state another has brought it meanwhile",
    guards: ["I2"],
    edits: [
      {
        file: bookings,
        find: "      for update of b`,\n    values: [keys.map",
        put: "`,\n    values: [keys.map",
      },
      WITHOUT_COMPARE_AND_SET,
    ],
    noticedBy: { file: changesTest, test: "batches that name the same bookings in crossing orders" },
  },
  {
    name: "sweep-waits",
    what: "a sweep waits for a booking that another has locked, and expires none of those behind it",
    guards: ["I8"],
    edits: [{ file: bookings, find: "for update of b skip locked", put: "for update of b" }],
    noticedBy: { file: "test/booking/sweep.test.ts", test: "a booking that another has locked is left to it" },
  },
  {
    name: "item-compare-and-set",
    what: "an item ends or begins again whatever it has become since its booking was read",
    guards: ["I12"],
    edits: [{ file: changeRows, find: ' and i.released_at is ${release ? "" : "not "}null', put: "" }],
    noticedBy: { file: changesTest, test: "rows are replaced only as they were read: another item" },
  },
  {
    name: "seats-of-another-changed",
    what: "a booking that is paid or ends changes seats that are no longer its own",
    guards: ["I1", "I12"],
    edits: [
      {
        file: changePlan,
        find: "if (seat?.bookingId !== holder) throw new SeatsDisagreeError(booking);",
        put: "if (!seat) throw new SeatsDisagreeError(booking);",
      },
    ],
    noticedBy: { file: changesTest, test: "seats that are not the booking's own stop the batch" },
  },
  {
    name: "retaken-off-sale",
    what: "late money takes seats back of an event that is not on sale",
    guards: ["I4"],
    edits: [{ file: changePlan, find: "onSale.has(eventId) && ", put: "" }],
    noticedBy: { file: paymentResultTest, test: "late money is to be refunded when the sale is over" },
  },
  {
    name: "retaken-from-another",
    what: "late money for seats that are another's by now is not given back",
    guards: ["I4"],
    edits: [{ file: changePlan, find: 'seats.every((seat) => seat?.status === "AVAILABLE")', put: "seats.length > 0" }],
    noticedBy: { file: paymentResultTest, test: "late money is to be refunded when one seat is in another's hold" },
  },
  {
    name: "second-capture-kept",
    what: "money for a booking that is paid already is kept",
    guards: ["I3", "I4"],
    edits: [
      {
        file: "services/booking/booking.transitions.ts",
        find: '{ from: "CONFIRMED", on: "payment.success", ...refund("ALREADY_PAID") },',
        put: "",
      },
    ],
    noticedBy: { file: paymentResultTest, test: "a second capture of a confirmed booking" },
  },
  {
    name: "key-of-another-user",
    what: "an Idempotency-Key is answered with the booking of another user who sent the same one",
    guards: ["I9", "I11"],
    edits: [
      { file: "services/booking/hold.plan.ts", find: "`${key}\\n${userId}`", put: "`${key}`" },
      {
        file: "services/booking/sql/read-answers.sql.ts",
        find: "join idempotency_keys i on i.user_id = k.user_id and ",
        put: "join idempotency_keys i on ",
      },
    ],
    noticedBy: { file: "test/booking/committer.test.ts", test: "a key is its buyer's own" },
  },
];
