import type { Mutation } from "./mutations.ts";

const attempts = "services/payment/attempt.repository.ts";
const captures = "services/payment/capture.repository.ts";
const claimsTest = "test/payment/claims.test.ts";
const leaseTest = "test/payment/lease.test.ts";

/** Guards of payment's workers: who makes a charge or a refund, and how often what came of it is written. */
export const CLAIM_GUARDS: readonly Mutation[] = [
  {
    name: "attempts-claimed-together",
    what: "two workers claim the same charges at the same moment, and wait for one another",
    guards: ["I4"],
    edits: [{ file: attempts, find: "limit $1 for update skip locked", put: "limit $1" }],
    noticedBy: { file: claimsTest, test: "attempts that one worker is claiming" },
  },
  {
    name: "refunds-claimed-together",
    what: "two workers claim the same refunds at the same moment, and wait for one another",
    guards: ["I4"],
    edits: [{ file: captures, find: "limit $1 for update skip locked", put: "limit $1" }],
    noticedBy: { file: claimsTest, test: "refunds that one worker is claiming" },
  },
  {
    name: "lease-not-kept",
    what: "a charge is claimed by another worker while one is making it",
    guards: ["I4"],
    edits: [
      {
        file: attempts,
        find: "where state in ('REQUESTED', 'CHARGING') and lease_until <= (select clock_timestamp())",
        put: "where state in ('REQUESTED', 'CHARGING')",
      },
    ],
    noticedBy: { file: claimsTest, test: "attempts are claimed again when their lease has run out" },
  },
  {
    name: "lease-ended-by-another",
    what: "a worker that comes back late ends the lease of the one that has claimed its charge since",
    guards: ["I4"],
    edits: [{ file: attempts, find: "using (payment_id, number, claims)", put: "using (payment_id, number)" }],
    noticedBy: { file: claimsTest, test: "attempts are put aside only by the worker that claimed them last" },
  },
  {
    name: "payment-without-lock",
    what: "results of one payment are written side by side, so that it is said to have failed after it took money",
    guards: ["I5"],
    edits: [
      {
        file: "services/payment/payment.repository.ts",
        find: "order by booking_id for update`",
        put: "order by booking_id`",
      },
    ],
    noticedBy: { file: leaseTest, test: "an attempt that fails while another's money is being written" },
  },
  {
    name: "attempt-ends-again",
    what: "an attempt that has ended ends again with each result of it, and is announced each time",
    guards: ["I5"],
    edits: [
      {
        file: attempts,
        find: "and (a.state = 'CHARGING' or e.state = 'TAKEN' and a.state <> 'TAKEN')",
        put: "",
      },
    ],
    noticedBy: { file: leaseTest, test: "a result that is written twice" },
  },
  {
    name: "refund-announced-again",
    what: "money that went back is announced by every worker that had it given back",
    guards: ["I5"],
    edits: [{ file: captures, find: "any($1::uuid[]) and status = 'REFUND_DUE'", put: "any($1::uuid[])" }],
    noticedBy: { file: "test/payment/refund.test.ts", test: "a refund that two workers have made" },
  },
];
