// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are source texts that are looked for
import { CHANGE_GUARDS, WITHOUT_COMPARE_AND_SET } from "./change-guards.ts";
import { CLAIM_GUARDS } from "./claim-guards.ts";
import { EDGE_GUARDS } from "./edge-guards.ts";
import { INNER_GUARDS } from "./inner-guards.ts";

/** A change that takes a guard away, and who has to notice. */
export interface Mutation {
  name: string;
  /** What is no longer guarded. */
  what: string;
  /** The invariants of docs/reliability.md that hang on it. */
  guards: readonly string[];
  /** `find` stands in `file` exactly once. */
  edits: readonly Edit[];
  /** The test that fails then, by its file and the beginning of its name. */
  noticedBy: { file: string; test: string };
}

export interface Edit {
  file: string;
  find: string;
  put: string;
}

const lockSeats = "services/booking/sql/lock-seats.sql.ts";
const holdTransaction = "services/booking/hold.transaction.ts";
const committer = "services/booking/hold.committer.ts";
const relayRound = "mixins/relay-round.ts";
const captures = "services/payment/capture.repository.ts";
const paymentResultTest = "test/booking/payment-result.test.ts";

/** Two committers on a database with neither row locks nor an index that minds would sell a seat twice: each guards alone. */
const WITHOUT_INDEX: Edit = {
  file: "migrations/booking/0001_booking.ts",
  find: "create unique index booking_items_one_active",
  put: "create index booking_items_one_active",
};
const WITHOUT_ROW_LOCKS: Edit = { file: lockSeats, find: 'for update of s ${wait ? "" : "skip locked"}', put: "" };

export const MUTATIONS: readonly Mutation[] = [
  {
    name: "no-unique-item",
    what: "a seat may be in two active items",
    guards: ["I1", "I12"],
    edits: [WITHOUT_INDEX],
    noticedBy: { file: "test/migrations/schema.test.ts", test: "is what the migrations make" },
  },
  {
    name: "no-row-locks",
    what: "seats are read without `for update`",
    guards: ["I1", "I12"],
    edits: [WITHOUT_ROW_LOCKS],
    noticedBy: { file: "test/booking/committer.test.ts", test: "a hold that waited for a row" },
  },
  {
    name: "no-row-locks-nor-unique-item",
    what: "neither the row lock nor the index behind it is there: two nodes sell one seat",
    guards: ["I1"],
    edits: [WITHOUT_INDEX, WITHOUT_ROW_LOCKS],
    noticedBy: { file: "test/booking/committer.test.ts", test: "of two nodes that reach one seat" },
  },
  {
    name: "two-grants-of-a-batch",
    what: "a hold does not see what the holds before it in its batch were granted",
    guards: ["I1"],
    edits: [
      {
        file: "services/booking/hold.plan.ts",
        find: "const row = before.seats.get(key) ?? view.seats.get(key);",
        put: "const row = view.seats.get(key);",
      },
    ],
    noticedBy: { file: "test/booking/hold.plan.test.ts", test: "the first of two holds for one seat gets it" },
  },
  {
    name: "run-out-lock-with-required",
    what: "a batch is written under locks that have run out, though they are required",
    guards: ["I1"],
    edits: [{ file: committer, find: "if (this.#ports.locks.required) throw new LocksRanOut();", put: "" }],
    noticedBy: { file: "test/booking/seat.locks.test.ts", test: "SEAT_LOCKS=required: a hold whose lock runs out" },
  },
  {
    name: "compare-and-set",
    what: "a booking is changed whatever it has become since it was read",
    guards: ["I2"],
    edits: [WITHOUT_COMPARE_AND_SET],
    noticedBy: {
      file: "test/booking/changes.test.ts",
      test: "rows are replaced only as they were read: another booking's",
    },
  },
  {
    name: "confirm-after-the-end",
    what: "a booking that its buyer cancelled is confirmed when it is paid",
    guards: ["I2", "I4"],
    edits: [
      {
        file: "services/booking/booking.transitions.ts",
        find: '{ from: "CANCELLED:BY_USER", on: "payment.success", ...refund("BOOKING_CANCELLED") },',
        put: `{
    from: "CANCELLED:BY_USER",
    on: "payment.success",
    to: "CONFIRMED",
    effects: ["retakeSeats", "bookSeats", "assignTicketReference"],
    publishes: BOOKING_CONFIRMED,
  },`,
      },
    ],
    noticedBy: { file: paymentResultTest, test: "money for a booking that its buyer or its payment ended" },
  },
  {
    name: "amount-not-compared",
    what: "money of another amount confirms",
    guards: ["I3"],
    edits: [
      {
        file: "services/booking/change.plan.ts",
        find: "(command.payment.amountMinor !== totalMinor || command.payment.currency !== currency)",
        put: "command.payment.currency !== currency",
      },
    ],
    noticedBy: { file: paymentResultTest, test: "money of another amount" },
  },
  {
    name: "currency-not-compared",
    what: "money of another currency confirms",
    guards: ["I3"],
    edits: [
      {
        file: "services/booking/change.plan.ts",
        find: "(command.payment.amountMinor !== totalMinor || command.payment.currency !== currency)",
        put: "command.payment.amountMinor !== totalMinor",
      },
    ],
    noticedBy: { file: paymentResultTest, test: "money of another currency" },
  },
  {
    name: "capture-announced-again",
    what: "money that is known is announced as if it were new",
    guards: ["I3", "I4"],
    edits: [
      {
        file: captures,
        find: "return captures.filter((c) => inserted.has(c.id));",
        put: "return inserted.size >= 0 ? [...captures] : [];",
      },
    ],
    noticedBy: { file: "test/payment/lease.test.ts", test: "a result that is written twice" },
  },
  {
    name: "refund-key-of-its-own",
    what: "each try of a refund has another key, so that the provider gives back twice",
    guards: ["I4"],
    edits: [
      {
        file: "services/payment/refund.worker.ts",
        find: "key: `${id}:refund`",
        put: "key: `${id}:refund:${job.claims}`",
      },
    ],
    noticedBy: { file: "test/payment/refund.test.ts", test: "a refund is asked for until the provider has done it" },
  },
  {
    name: "refund-not-due",
    what: "money for a dead booking is kept",
    guards: ["I4"],
    edits: [
      {
        file: "services/booking/booking.transitions.ts",
        find: '{ from: "CANCELLED:EXPIRED", on: "payment.success", ...refund("SEATS_GONE") },',
        put: "",
      },
    ],
    noticedBy: { file: paymentResultTest, test: "late money is to be refunded when one seat is held by another" },
  },
  {
    name: "delete-before-publish",
    what: "facts leave the outbox before they are on their topics",
    guards: ["I5"],
    edits: [
      { file: relayRound, find: "    await publish(rows);\n", put: "" },
      {
        file: relayRound,
        find: "    return { led, published: rows.length",
        put: "    await publish(rows);\n    return { led, published: rows.length",
      },
    ],
    noticedBy: { file: "test/facts/relay.test.ts", test: "a round whose publishing fails" },
  },
  {
    name: "high-water-mark",
    what: "the outbox is emptied up to the highest id that was published, though a lower one may be committed later",
    guards: ["I5"],
    edits: [
      {
        file: "mixins/outbox.repository.ts",
        find: "delete from outbox where id = any($1::bigint[])",
        put: "delete from outbox where id <= (select max(m) from unnest($1::bigint[]) m)",
      },
    ],
    noticedBy: { file: "test/facts/relay.test.ts", test: "a lower id that is committed late" },
  },
  {
    name: "two-relays",
    what: "every node relays, so that facts of one key pass one another",
    guards: ["I5"],
    edits: [
      {
        file: "mixins/outbox.repository.ts",
        find: "select pg_try_advisory_xact_lock($1) as leads",
        put: "select $1::bigint > 0 as leads",
      },
    ],
    noticedBy: { file: "test/facts/relay.test.ts", test: "of two relays at once only one leads" },
  },
  {
    name: "rolled-back-commit",
    what: "a COMMIT that the server answered with ROLLBACK counts as one",
    guards: ["I5", "I7"],
    edits: [
      {
        file: holdTransaction,
        find: 'if (results.at(-1)?.command !== "COMMIT") throw new RolledBackError();',
        put: "void results;",
      },
    ],
    noticedBy: { file: "test/booking/committer.test.ts", test: "a COMMIT that the server answers" },
  },
  {
    name: "facts-applied-again",
    what: "facts are applied as often as they come",
    guards: ["I6"],
    edits: [
      {
        file: "mixins/apply-batch.ts",
        find: "return once.filter((fact) => claimed.has(fact.id));",
        put: "return claimed.size < 0 ? [] : once;",
      },
    ],
    noticedBy: { file: "test/facts/apply-batch.test.ts", test: "a fact that comes again" },
  },
  {
    name: "poison-skipped",
    what: "a record that cannot be applied is passed over, and told to nobody",
    guards: ["I6"],
    edits: [
      {
        file: "mixins/apply-batch.ts",
        find: "refused.map(({ record, reason }) => deadLetterOf(record, name, reason)),",
        put: "refused.slice(refused.length).map(({ record, reason }) => deadLetterOf(record, name, reason)),",
      },
    ],
    noticedBy: { file: "test/facts/apply-batch.test.ts", test: "a fact that breaks a rule" },
  },
  {
    name: "answer-before-commit",
    what: "a hold is granted though its transaction was not committed",
    guards: ["I7"],
    edits: [
      {
        file: holdTransaction,
        find: "await secondFlight(client, grants);",
        put: "await secondFlight(client, grants).catch(() => {});",
      },
    ],
    noticedBy: { file: "test/booking/flight-cuts.test.ts", test: "in the second flight, before COMMIT" },
  },
  {
    name: "not-looked-up",
    what: "a hold whose COMMIT was not answered is run again without looking for its own booking",
    guards: ["I7"],
    edits: [
      {
        file: committer,
        find: 'if (isWritten && "error" in ended) for (const hold of holds) hold.mayExist = true;',
        put: "void isWritten;",
      },
    ],
    noticedBy: { file: "test/booking/committer.test.ts", test: "when the reply to COMMIT is lost" },
  },
  {
    name: "never-swept",
    what: "what has run out is not swept",
    guards: ["I8"],
    edits: [
      {
        file: "services/booking/booking.repository.ts",
        find: "      order by b.expires_at\n      limit $1",
        put: "        and false\n      order by b.expires_at\n      limit $1",
      },
    ],
    noticedBy: { file: "test/booking/sweep.test.ts", test: "a sweep expires what is due" },
  },
  {
    name: "no-take-over",
    what: "a seat stays taken by a hold that has run out until it is swept",
    guards: ["I8"],
    edits: [
      {
        file: "services/booking/hold.plan.ts",
        find: 'const conflicts = rows.filter((seat) => seat.status !== "AVAILABLE" && !hasRunOut(seat));',
        put: 'const conflicts = rows.filter((seat) => seat.status !== "AVAILABLE");',
      },
    ],
    noticedBy: { file: "test/booking/committer.test.ts", test: "a run-out hold is expired whole" },
  },
  {
    name: "anybody-reads",
    what: "a booking is shown to whoever knows its id",
    guards: ["I9"],
    edits: [
      {
        file: "services/booking/booking.repository.ts",
        find: "where b.id = $1 and b.user_id = $2`,\n    values: [id, userId],",
        put: "where b.id = $1 and $2::text is not null`,\n    values: [id, userId],",
      },
    ],
    noticedBy: { file: "test/booking/reads.test.ts", test: "nobody finds another's booking" },
  },
  {
    name: "anybody-cancels",
    what: "a booking is cancelled by whoever knows its id",
    guards: ["I9"],
    edits: [
      {
        file: "services/booking/booking.repository.ts",
        find: "where b.id = $1 and b.user_id = $2 for update of b",
        put: "where b.id = $1 and $2::text is not null for update of b",
      },
    ],
    noticedBy: { file: "test/booking/cancel.test.ts", test: "another's booking is refused" },
  },
  {
    name: "unknown-fields-taken",
    what: "a booking may be asked for with fields that are not the buyer's to give, such as a price",
    guards: ["I10"],
    edits: [
      {
        file: "contracts/booking.ts",
        find: "export const CREATE_BOOKING = {\n  $$strict: true,",
        put: 'export const CREATE_BOOKING = {\n  $$strict: "remove",',
      },
    ],
    noticedBy: { file: "test/gateway/bad-input.test.ts", test: "POST /api/bookings" },
  },
  {
    name: "key-not-kept",
    what: "the answer to an Idempotency-Key is not kept with the booking",
    guards: ["I11"],
    edits: [
      {
        file: holdTransaction,
        find: "...(kept.length > 0 ? [insertKeys(kept)] : []),",
        put: "...(kept.length < 0 ? [insertKeys(kept)] : []),",
      },
    ],
    noticedBy: { file: "test/e2e/contention.test.ts", test: "one buyer who repeats with one key" },
  },
  {
    name: "key-of-another-body",
    what: "a key is answered with what it was first given for, whatever it comes with",
    guards: ["I11"],
    edits: [
      {
        file: "services/booking/hold.plan.ts",
        find: 'if (!hold.idempotency?.hash.equals(kept.hash)) return refuse("IDEMPOTENCY_KEY_REUSED");',
        put: "",
      },
    ],
    noticedBy: { file: "test/e2e/contention.test.ts", test: "a key that comes with another body" },
  },
  {
    name: "seats-not-taken",
    what: "seats of a granted hold are not marked as held",
    guards: ["I12"],
    edits: [{ file: holdTransaction, find: "    takeSeats(seats),\n", put: "" }],
    noticedBy: { file: "test/booking/committer.test.ts", test: "two nodes that both sell one event" },
  },
  ...INNER_GUARDS,
  ...EDGE_GUARDS,
  ...CHANGE_GUARDS,
  ...CLAIM_GUARDS,
];
