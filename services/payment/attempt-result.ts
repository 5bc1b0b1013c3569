import type { AttemptEnd, AttemptJob, EndedAttempt } from "./attempt.repository.ts";
import type { Final } from "./payment.provider.ts";
import type { PaymentStatus } from "./payment.repository.ts";

/** How an attempt ended; TOO_LATE: there was no time to start it, and nothing was sent. */
export type AttemptResult = Final | { state: "TOO_LATE" };

export type Step = "charge" | "inspect" | "stop" | "give up";

/** What to do first with an attempt that was claimed. */
export function firstStep({ isNew, stopWanted, mayStart, overdue }: AttemptJob): Step {
  if (isNew) return mayStart ? "charge" : "give up";
  return stopWanted || overdue ? "stop" : "inspect";
}

/**
 * What to do with an attempt that the provider never heard of: it is sent again under the same key while there is time, else it
 * is stopped there first, since it may still be on its way.
 */
export const stepForUnknown = ({ mayStart }: AttemptJob): Step => (mayStart ? "charge" : "stop");

export const FailReason = { TOO_LATE: "TOO_LATE", PROVIDER_STOPPED: "PROVIDER_STOPPED" } as const;
const VOID_REASON = "BOOKING_ENDED";
/** A provider that stops charges by itself is asked this often under new keys. */
const ATTEMPTS_MAX = 3;

export const endStateOf = ({ state }: AttemptResult): AttemptEnd["state"] => (state === "TOO_LATE" ? "VOIDED" : state);

export interface Conclusion {
  status: PaymentStatus;
  reason: string | null;
  /** Whether payment.failed is due. */
  announce: boolean;
  /** The provider said that nothing was taken, and there is time to ask again under a new key. */
  tryAgain?: boolean;
}

/** What an attempt that just ended means for its payment. Money taken is announced with its capture, not here. */
export function conclude(result: AttemptResult, number: number, ended: EndedAttempt): Conclusion {
  switch (result.state) {
    case "TAKEN":
      return { status: "SUCCEEDED", reason: null, announce: false };
    case "DECLINED":
      return { status: "FAILED", reason: result.reason, announce: true };
    case "TOO_LATE":
      return { status: "FAILED", reason: FailReason.TOO_LATE, announce: true };
    case "STOPPED":
      if (ended.stopWanted) return { status: "VOIDED", reason: VOID_REASON, announce: false };
      if (!ended.mayStart) return { status: "FAILED", reason: FailReason.TOO_LATE, announce: true };
      if (number < ATTEMPTS_MAX) return { status: "REQUESTED", reason: null, announce: false, tryAgain: true };
      return { status: "FAILED", reason: FailReason.PROVIDER_STOPPED, announce: true };
  }
}
