import type { Pool } from "pg";
import type { Finding } from "./finding.ts";
import { judgeBooking, judgeCapture, judgeCharge } from "./judge.ts";
import { allCaptures, paidBookings, readBookings, readCaptures, readUnknownCharges } from "./money.repository.ts";
import type { Books } from "./provider-book.ts";

export interface Databases {
  booking: Pool;
  payment: Pool;
  /** What the providers know, by name. */
  books: Books;
}

/** What to look at again: the ids that earlier findings were about. */
export interface Suspects {
  bookings: Set<string>;
  captures: Set<string>;
  charges: Set<string>;
}

export interface MoneyScan {
  bookings: number;
  captures: number;
  findings: Finding[];
  suspects: Suspects;
}

/** I3 and I4 over all bookings, captures and charges, page by page: what is not right at this moment. */
export async function scanMoney(databases: Databases): Promise<MoneyScan> {
  const scan: MoneyScan = { bookings: 0, captures: 0, findings: [], suspects: noSuspects() };
  const note = (findings: Finding[], kind: keyof Suspects, id: string) => {
    if (findings.length > 0) scan.suspects[kind].add(id);
    scan.findings.push(...findings);
  };
  for await (const page of paidBookings(databases.booking)) {
    scan.bookings += page.length;
    for (const [id, findings] of await inspectBookings(databases, page.map(idOf))) note(findings, "bookings", id);
  }
  for await (const page of allCaptures(databases.payment)) {
    scan.captures += page.length;
    for (const [id, findings] of await inspectCaptures(databases, page.map(idOf))) note(findings, "captures", id);
  }
  for (const charge of await readUnknownCharges(databases.payment, databases.books, null)) {
    note([judgeCharge(charge)], "charges", charge.key);
  }
  return scan;
}

/** The findings that are there now about what was suspect before; the suspects shrink to those. */
export async function inspectAgain(databases: Databases, suspects: Suspects): Promise<Finding[]> {
  const found: Finding[] = [];
  for (const [kind, inspect] of [
    ["bookings", inspectBookings],
    ["captures", inspectCaptures],
  ] as const) {
    for (const [id, findings] of await inspect(databases, [...suspects[kind]])) {
      if (findings.length === 0) suspects[kind].delete(id);
      found.push(...findings);
    }
  }
  const charges = await readUnknownCharges(databases.payment, databases.books, [...suspects.charges]);
  suspects.charges = new Set(charges.map(({ key }) => key));
  return [...found, ...charges.map(judgeCharge)];
}

const idOf = ({ id }: { id: string }) => id;
const noSuspects = (): Suspects => ({ bookings: new Set(), captures: new Set(), charges: new Set() });

/** The booking is read first: a capture is there before its booking is confirmed by it. */
async function inspectBookings({ booking, payment, books }: Databases, ids: string[]): Promise<Map<string, Finding[]>> {
  const bookings = await readBookings(booking, ids);
  const claimed = [...bookings.values()].flatMap(({ captureId }) => (captureId === null ? [] : [captureId]));
  const captures = await readCaptures(payment, books, claimed);
  return new Map([...bookings].map(([id, one]) => [id, judgeBooking(one, captures.get(one.captureId ?? ""))]));
}

async function inspectCaptures({ booking, payment, books }: Databases, ids: string[]): Promise<Map<string, Finding[]>> {
  const captures = await readCaptures(payment, books, ids);
  const bookings = await readBookings(
    booking,
    [...captures.values()].map(({ bookingId }) => bookingId),
  );
  return new Map([...captures].map(([id, one]) => [id, judgeCapture(one, bookings.get(one.bookingId))]));
}
