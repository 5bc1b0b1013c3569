import { answersKnown } from "./check-answers.ts";
import { owedArrived } from "./check-facts.ts";
import { bookingsAccounted, holdsKept, keysHonoured, refusalsTrue, repeatsNotRefused } from "./check-holds.ts";
import { cancelsKept, readsForward, readsWhole, strangersRefused } from "./check-reads.ts";
import { deadlinesKept, seatsNeverShared, seatsNeverSharedByFacts } from "./check-seats.ts";
import type { History } from "./history.ts";
import type { Told } from "./publish.ts";
import type { Reading } from "./read-facts.ts";
import type { BookingRow } from "./tables.ts";

/** What was seen of a run when it is over and quiet. */
export interface Evidence extends Reading {
  history: History;
  bookings: readonly BookingRow[];
  /** Records that have to be on their topics, since a fault put them on their way. */
  owed: readonly Told[];
  /** Epoch ms from which nothing kept all sweepers from their work: every node was ready, and so was Postgres. */
  sweptFrom: number;
}

export interface Violation {
  invariant: string;
  problem: string;
}

type Check = (evidence: Evidence) => Violation[];

const CHECKS: readonly Check[] = [
  answersKnown,
  holdsKept,
  bookingsAccounted,
  keysHonoured,
  repeatsNotRefused,
  refusalsTrue,
  cancelsKept,
  readsForward,
  readsWhole,
  strangersRefused,
  seatsNeverShared,
  seatsNeverSharedByFacts,
  deadlinesKept,
  owedArrived,
];

/**
 * Holds what the clients were told against the tables and the facts. The audit does the rest: it looks at the tables alone.
 * A history is checked as Jepsen does it: an answer binds, a refusal denies, and no answer allows either, but nothing between.
 */
export const check = (evidence: Evidence): Violation[] => CHECKS.flatMap((one) => one(evidence));
