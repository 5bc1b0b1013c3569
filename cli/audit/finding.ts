/** The invariants that the audit looks at, in the words of its report. */
export const INVARIANTS = {
  I1: { statement: "no seat is in two active bookings", counted: "active seats" },
  I2: { statement: "a booking's facts are a course that a booking can take, and end where it is", counted: "bookings" },
  I3: { statement: "a booking is confirmed exactly when one capture of its amount was applied", counted: "bookings" },
  I4: { statement: "money taken for a dead booking is given back exactly once", counted: "captures" },
  I5: { statement: "every change is published, in order, and nothing else is", counted: "facts" },
  I12: { statement: "a seat's status and booking are those of its active booking", counted: "seats" },
} as const;
export type InvariantId = keyof typeof INVARIANTS;

/** Something that is not as it should be. */
export interface Finding {
  invariant: InvariantId;
  /** What it is about, as `capture 0198…`. */
  subject: string;
  problem: string;
  /**
   * What may still put it right. `nothing`: read from two databases one after the other, so it counts once it has been read
   * twice. `facts`: it counts when every fact written before it was seen has been applied. `work`: a worker has it in hand;
   * it never counts, but without an end nothing can be said.
   */
  waitsFor: "nothing" | "facts" | "work";
  /** The state it was seen in: when this changes, something is still at work on it. */
  mark: string;
}

export const sameAs = (a: Finding) => (b: Finding) =>
  a.invariant === b.invariant && a.subject === b.subject && a.problem === b.problem && a.mark === b.mark;
