import type { Evidence, Violation } from "./checker.ts";
import type { Operation } from "./history.ts";

/**
 * What a buyer who asks for what there is may be refused with. A token goes bad when the issuer changes its key, and what is
 * not found breaks another rule.
 */
const REFUSALS: Record<Operation["kind"], readonly string[]> = {
  hold: ["SEAT_ALREADY_RESERVED", "REQUEST_IN_PROGRESS", "UNAUTHORIZED"],
  cancel: ["BOOKING_NOT_CANCELLABLE", "BOOKING_NOT_FOUND", "UNAUTHORIZED"],
  read: ["BOOKING_NOT_FOUND", "UNAUTHORIZED"],
  peek: ["BOOKING_NOT_FOUND", "PAYMENT_NOT_FOUND", "UNAUTHORIZED"],
};
/** 503 says that nobody knows now; all other 5xx that something is broken, which no server or node that is away explains. */
const NOBODY_KNOWS = 503;

/** Every answer is one that the API has for such a request, whatever is broken behind it. */
export function answersKnown({ history }: Evidence): Violation[] {
  return history.operations
    .filter(({ kind, status, outcome, code = "" }) =>
      outcome === "fail" ? !REFUSALS[kind].includes(code) : status >= 500 && status !== NOBODY_KNOWS,
    )
    .map(({ client, kind, status, code }) => ({
      invariant: "answers",
      problem: `${client}'s ${kind} was answered ${status} ${code ?? "without a code"}`,
    }));
}
