import type { BookingResponse } from "#contracts/booking.ts";

/**
 * ok: done, and the answer says what. fail: refused, nothing was done. info: no answer, or one that says that nobody knows (a
 * cut connection, a time-out, 5xx): it was done, or it was not.
 */
export type Outcome = "ok" | "fail" | "info";

interface Op {
  client: string;
  /** The gateway that was asked. */
  via: string;
  /** Epoch ms of the one clock that all clients of a run share. */
  invoked: number;
  ended: number;
  outcome: Outcome;
  /** HTTP status; 0 where no answer came. */
  status: number;
  code: string | undefined;
}

export interface HoldOp extends Op {
  kind: "hold";
  eventId: string;
  seatIds: readonly string[];
  /** The Idempotency-Key; a request that is repeated has it again. */
  key: string | undefined;
  booking: BookingResponse | undefined;
}

export interface CancelOp extends Op {
  kind: "cancel";
  bookingId: string;
  booking: BookingResponse | undefined;
}

/** Of an own booking. */
export interface ReadOp extends Op {
  kind: "read";
  bookingId: string;
  booking: BookingResponse | undefined;
}

/** A look at another's booking, or a try to cancel it. */
export interface PeekOp extends Op {
  kind: "peek";
  bookingId: string;
}

export type Operation = HoldOp | CancelOp | ReadOp | PeekOp;

/** What a run's clients saw. */
export class History {
  readonly operations: Operation[] = [];

  add(operation: Operation): void {
    this.operations.push(operation);
  }

  ofKind<K extends Operation["kind"]>(kind: K): Extract<Operation, { kind: K }>[] {
    return this.operations.filter((op): op is Extract<Operation, { kind: K }> => op.kind === kind);
  }
}

/** 5xx and no answer leave it open what became of a request. */
export const outcomeOf = (status: number): Outcome =>
  status >= 200 && status < 300 ? "ok" : status >= 400 && status < 500 ? "fail" : "info";
