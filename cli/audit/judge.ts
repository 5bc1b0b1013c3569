import type { Finding } from "./finding.ts";
import type { AuditedBooking, AuditedCapture, UnknownCharge } from "./money.repository.ts";

type Judged = Pick<Finding, "invariant" | "problem" | "waitsFor">;

const money = (amountMinor: number | null, currency: string | null) => `${amountMinor} ${currency}`;

/** What is wrong with a capture, seen beside its booking and the provider's book. */
export function judgeCapture(capture: AuditedCapture, booking: AuditedBooking | undefined): Finding[] {
  const applied = booking?.status === "CONFIRMED" && booking.captureId === capture.id;
  const wrong = [...judgeLedger(capture), ...(applied ? judgeApplied(capture, booking) : judgeSpare(capture, booking))];
  const { ledger } = capture;
  const mark = `${capture.status} ${booking?.status} ${booking?.version} ${ledger.chargeState} ${ledger.refunds}`;
  return wrong.map((judged) => ({ ...judged, subject: `capture ${capture.id} of booking ${capture.bookingId}`, mark }));
}

function judgeApplied(capture: AuditedCapture, booking: AuditedBooking): Judged[] {
  const wrong: Judged[] = [];
  const now = (invariant: "I3" | "I4", problem: string) => wrong.push({ invariant, problem, waitsFor: "nothing" });
  const taken = money(capture.amountMinor, capture.currency);
  const owed = money(booking.totalMinor, booking.currency);
  if (taken !== owed) now("I3", `is of ${taken}, its confirmed booking of ${owed}`);
  if (capture.status !== "CAPTURED") now("I3", `is ${capture.status} although its booking is confirmed by it`);
  if (capture.ledger.refunds > 0) now("I4", "was given back although its booking is confirmed by it");
  return wrong;
}

/** A capture that confirms no booking is on its way to do so, or to be given back. */
function judgeSpare(capture: AuditedCapture, booking: AuditedBooking | undefined): Judged[] {
  const { status, ledger } = capture;
  const { refunds } = ledger;
  if (status === "REFUNDED") {
    return refunds === 0
      ? [{ invariant: "I4", problem: "is REFUNDED, but the provider gave nothing back", waitsFor: "nothing" }]
      : [];
  }
  if (status === "REFUND_DUE") {
    return [{ invariant: "I4", problem: "is to be given back, and is not yet", waitsFor: "work" }];
  }
  if (refunds > 0) {
    return [{ invariant: "I4", problem: "was given back, but nobody asked for that", waitsFor: "nothing" }];
  }
  if (!booking) return [{ invariant: "I3", problem: "is for a booking that does not exist", waitsFor: "facts" }];
  if (booking.status === "PENDING") {
    return [{ invariant: "I3", problem: "was taken, but its booking is not confirmed", waitsFor: "facts" }];
  }
  const what = booking.status === "CONFIRMED" ? "confirmed by another capture" : `CANCELLED (${booking.reason})`;
  return [{ invariant: "I4", problem: `was not given back, though its booking is ${what}`, waitsFor: "facts" }];
}

function judgeLedger({ status, amountMinor, currency, ledger }: AuditedCapture): Judged[] {
  const wrong: Judged[] = [];
  const now = (problem: string) => wrong.push({ invariant: "I4", problem, waitsFor: "nothing" });
  const known = money(amountMinor, currency);
  const charged = money(ledger.chargeAmountMinor, ledger.chargeCurrency);
  if (ledger.chargeState !== "TAKEN") now(`is known, but the provider's charge is ${ledger.chargeState ?? "missing"}`);
  else if (charged !== known) now(`is of ${known}, the provider's charge of ${charged}`);
  if (ledger.refunds > 1) now(`was given back ${ledger.refunds} times`);
  if (status === "REFUNDED" && ledger.refunds === 1 && ledger.refundedMinor !== amountMinor) {
    now(`is of ${known}, but ${money(ledger.refundedMinor, currency)} were given back`);
  }
  return wrong;
}

/** What is wrong with a booking that claims a capture. Amounts are looked at from the capture's side. */
export function judgeBooking(booking: AuditedBooking, capture: AuditedCapture | undefined): Finding[] {
  const problem = problemOf(booking, capture);
  if (!problem) return [];
  const mark = `${booking.status} ${booking.version} ${booking.captureId} ${capture?.status}`;
  return [{ invariant: "I3", subject: `booking ${booking.id}`, problem, waitsFor: "nothing", mark }];
}

function problemOf({ id, status, captureId }: AuditedBooking, capture: AuditedCapture | undefined): string | undefined {
  if (status !== "CONFIRMED")
    return captureId === null ? undefined : `is ${status}, but has capture ${captureId} applied`;
  if (!capture) return `is CONFIRMED by capture ${captureId}, which does not exist`;
  if (capture.bookingId !== id) return `is CONFIRMED by capture ${captureId} of booking ${capture.bookingId}`;
  return undefined;
}

/** A charge that only the provider knows: in hand as long as its attempt is open. */
export function judgeCharge({ key, amountMinor, currency, attempt }: UnknownCharge): Finding {
  return {
    invariant: "I4",
    subject: `charge ${key}`,
    problem: `of ${money(amountMinor, currency)} was taken by the provider, and payment does not know`,
    waitsFor: attempt === "REQUESTED" || attempt === "CHARGING" ? "work" : "nothing",
    mark: String(attempt),
  };
}
