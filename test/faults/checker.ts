import type { Fact } from "#contracts/events.ts";
import { answersKnown } from "./check-answers.ts";
import { bookingsAccounted, holdsKept, keysHonoured } from "./check-holds.ts";
import { cancelsKept, readsForward, strangersRefused } from "./check-reads.ts";
import { deadlinesKept, seatsNeverShared, seatsNeverSharedByFacts } from "./check-seats.ts";
import type { History } from "./history.ts";
import type { BookingRow } from "./tables.ts";

/** What was seen of a run when it is over and quiet. */
export interface Evidence {
  history: History;
  bookings: readonly BookingRow[];
  /** Of the run's events, in order of topic and offset; a fact may stand there more than once. */
  facts: readonly Fact[];
  /** Epoch ms from which no fault was at work any more and every node was ready. */
  healedAt: number;
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
  cancelsKept,
  readsForward,
  strangersRefused,
  seatsNeverShared,
  seatsNeverSharedByFacts,
  deadlinesKept,
];

/**
 * Holds what the clients were told against the tables and the facts. The audit does the rest: it looks at the tables alone.
 * A history is checked as Jepsen does it: an answer binds, a refusal denies, and no answer allows either, but nothing between.
 */
export const check = (evidence: Evidence): Violation[] => CHECKS.flatMap((one) => one(evidence));
