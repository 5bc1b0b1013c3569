import { WITHOUT_COMPARE_AND_SET } from "./change-guards.ts";
import type { Mutation } from "./mutations.ts";

const actor = "services/booking/event.actor.ts";
const bookings = "services/booking/booking.repository.ts";
const changePlan = "services/booking/change.plan.ts";
const changeRows = "services/booking/booking-change.repository.ts";
const holdTransaction = "services/booking/hold.transaction.ts";

/** Guards in a node's memory, in single statements of a transaction and in payment's where clauses. */
export const INNER_GUARDS: readonly Mutation[] = [
  {
    name: "keyed-hold-refused-from-memory",
    what: "a repeat is told by memory that its own seats are taken, instead of the answer that was kept",
    guards: ["I11"],
    edits: [{ file: actor, find: 'if (!hold.refusable || hold.mayExist) return { kind: "batch" };', put: "" }],
    noticedBy: { file: "test/booking/event.actor.test.ts", test: "a hold with an Idempotency-Key is never refused" },
  },
  {
    name: "refused-before-looked-up",
    what: "a hold that may have been committed is refused for its own seats, before its booking is looked up",
    guards: ["I7"],
    edits: [{ file: actor, find: "!hold.refusable || hold.mayExist", put: "!hold.refusable" }],
    noticedBy: { file: "test/booking/event.actor.test.ts", test: "a hold that may have been committed" },
  },
  {
    name: "one-key-in-two-batches",
    what: "two holds with one Idempotency-Key are in flight in two batches",
    guards: ["I11"],
    edits: [{ file: actor, find: "(key !== undefined && (busyKeys.has(key) || claimedKeys.has(key))) ||", put: "" }],
    noticedBy: { file: "test/booking/event.actor.test.ts", test: "holds with one key are never in two batches" },
  },
  {
    name: "key-of-its-batch-unseen",
    what: "a repeat in the batch of the first request is refused the seats that this one has just been granted",
    guards: ["I11"],
    edits: [
      {
        file: "services/booking/hold.plan.ts",
        find: "(before.keys.get(key) ?? view.keys.get(key))",
        put: "view.keys.get(key)",
      },
    ],
    noticedBy: { file: "test/booking/hold.plan.test.ts", test: "of holds with one key in a batch" },
  },
  {
    name: "older-reading-learned",
    what: "what a node knows of a seat is undone by an older reading of it",
    guards: ["I8"],
    edits: [
      {
        file: "services/booking/seat.memory.ts",
        find: "if (at < 0 || seat.version < (this.#version[at] as number)) return;",
        put: "if (at < 0) return;",
      },
    ],
    noticedBy: { file: "test/booking/seat.memory.property.test.ts", test: "memory never goes back" },
  },
  {
    name: "facts-after-commit",
    what: "the facts of a hold are written after its transaction, so that a broken connection loses them",
    guards: ["I5"],
    edits: [
      { file: holdTransaction, find: "    insertFacts(factsOfHolds(grants)),\n", put: "" },
      {
        file: holdTransaction,
        find: "throw new RolledBackError();\n",
        put: "throw new RolledBackError();\n  await client.query(insertFacts(factsOfHolds(grants)));\n",
      },
    ],
    noticedBy: { file: "test/booking/flight-cuts.test.ts", test: "right after COMMIT was sent" },
  },
  {
    name: "written-too-late",
    what: "a hold is written past its deadline, when its buyer may have been told that it is not",
    guards: ["I11"],
    edits: [
      {
        file: "services/booking/sql/insert-holds.sql.ts",
        find: "case when clock_timestamp() < write_by then 'PENDING' end",
        put: "'PENDING'",
      },
    ],
    noticedBy: { file: "test/booking/flight-cuts.test.ts", test: "what reaches Postgres past its deadline" },
  },
  {
    name: "seat-compare-and-set",
    what: "a seat is changed whatever it has become since it was read",
    guards: ["I12"],
    edits: [{ file: changeRows, find: " and s.version = k.old_version", put: "" }],
    noticedBy: {
      file: "test/booking/changes.test.ts",
      test: "rows are replaced only as they were read: another seat's",
    },
  },
  {
    name: "no-booking-lock",
    what: "a booking is expired without its row lock, in whatever state it was when it was looked for",
    guards: ["I2"],
    edits: [
      {
        file: bookings,
        find: "      order by b.event_id, b.id\n      for update of b ",
        put: "      order by b.event_id, b.id\n      -- ",
      },
      WITHOUT_COMPARE_AND_SET,
    ],
    noticedBy: { file: "test/booking/sweep.test.ts", test: "a booking that is confirmed while its expiry waits" },
  },
  {
    name: "refunded-again",
    what: "money that was given back is to be given back again when it is said to be due once more",
    guards: ["I4"],
    edits: [
      {
        file: "services/payment/capture.repository.ts",
        find: "where c.id = asked.id and c.status = 'CAPTURED')",
        put: "where c.id = asked.id)",
      },
    ],
    noticedBy: { file: "test/payment/refund.test.ts", test: "money goes back once" },
  },
  {
    name: "charge-key-of-its-own",
    what: "a charge that is taken up by another node goes to the provider under another key",
    guards: ["I4"],
    edits: [
      {
        file: "services/payment/charge-key.ts",
        // biome-ignore lint/suspicious/noTemplateCurlyInString: a source text that is looked for
        find: "`${paymentId}:${number}`",
        // biome-ignore lint/suspicious/noTemplateCurlyInString: a source text
        put: "`${paymentId}:${number}:${Math.random()}`",
      },
    ],
    noticedBy: { file: "test/payment/lease.test.ts", test: "a charge whose worker died after it was made" },
  },
  {
    name: "anybody-sees-the-payment",
    what: "a payment is shown to whoever knows its booking's id",
    guards: ["I9"],
    edits: [
      {
        file: "services/payment/payment.repository.ts",
        find: "where p.booking_id = $1 and p.user_id = $2`",
        put: "where p.booking_id = $1 and $2::text is not null`",
      },
    ],
    noticedBy: { file: "test/payment/charge.test.ts", test: "a booking that is created is paid" },
  },
  {
    name: "path-over-body",
    what: "what the address says of a field and what the body says of it are not told apart: the last one counts",
    guards: ["I10"],
    edits: [
      {
        file: "services/gateway/params.ts",
        find: 'if (Object.hasOwn(params, field)) wrong.push({ field, message: "is given twice" });',
        put: "",
      },
    ],
    noticedBy: { file: "test/gateway/requests.test.ts", test: "a body cannot say what the path says" },
  },
  {
    name: "rolled-back-transaction",
    what: "a transaction that the server rolled back at COMMIT counts as committed",
    guards: ["I6", "I7"],
    edits: [
      {
        file: "mixins/transaction.ts",
        find: 'if (command !== "COMMIT") throw new RolledBackError();',
        put: "void command;",
      },
    ],
    noticedBy: { file: "test/facts/transaction.test.ts", test: "a transaction that an error has aborted" },
  },
  {
    name: "facts-before-commit",
    what: "the facts of a hold are committed before it is, so that they are published though it is rolled back",
    guards: ["I5"],
    edits: [
      { file: holdTransaction, find: "    insertFacts(factsOfHolds(grants)),\n", put: "" },
      {
        file: holdTransaction,
        find: "await secondFlight(client, grants);",
        put: "await pool.query(insertFacts(factsOfHolds(grants)));\n      await secondFlight(client, grants);",
      },
    ],
    noticedBy: { file: "test/booking/flight-cuts.test.ts", test: "in the second flight, before COMMIT" },
  },
  {
    name: "capture-not-kept",
    what: "a confirmed booking does not know which capture confirmed it",
    guards: ["I3"],
    edits: [
      {
        file: changePlan,
        find: 'if (to === "CONFIRMED" && command.on === "payment.success") after.captureId = command.payment.captureId;',
        put: "",
      },
    ],
    noticedBy: { file: "test/booking/payment-result.test.ts", test: "money confirms a booking" },
  },
  {
    name: "applied-capture-refunded",
    what: "the capture that confirmed a booking is given back when it is told again",
    guards: ["I3", "I4"],
    edits: [
      {
        file: changePlan,
        find: 'command.on === "payment.success" && captureId === command.payment.captureId,',
        put: 'command.on === "payment.success" && captureId === "",',
      },
    ],
    noticedBy: { file: "test/booking/payment-result.test.ts", test: "the same capture again" },
  },
];
