import type { Pool, QueryResultRow } from "pg";
import { attemptOf } from "../../services/payment/charge-key.ts";
import { PAGE, pages } from "./pages.ts";
import { type BookedCharge, type Books, bookOf } from "./provider-book.ts";

export interface AuditedBooking {
  id: string;
  status: "PENDING" | "CONFIRMED" | "CANCELLED";
  reason: string | null;
  version: number;
  totalMinor: number;
  currency: string;
  captureId: string | null;
}

export interface AuditedCapture {
  id: string;
  bookingId: string;
  status: "CAPTURED" | "REFUND_DUE" | "REFUNDED";
  amountMinor: number;
  currency: string;
  /** What the provider's own book says. */
  ledger: {
    chargeState: string | null;
    chargeAmountMinor: number | null;
    chargeCurrency: string | null;
    refunds: number;
    refundedMinor: number;
  };
}

/** A charge in the provider's book that no capture knows. */
export interface UnknownCharge {
  key: string;
  amountMinor: number;
  currency: string;
  /** The state of the attempt that made it, null if there is none. */
  attempt: string | null;
}

/** Bookings that claim a capture, a page at a time. */
export const paidBookings = (booking: Pool): AsyncGenerator<{ id: string }[]> =>
  pages(
    booking,
    "select id from bookings where id > $1 and (status = 'CONFIRMED' or capture_id is not null) order by id limit $2",
  );

export const allCaptures = (payment: Pool): AsyncGenerator<{ id: string }[]> =>
  pages(payment, "select id from captures where id > $1 order by id limit $2");

export async function readBookings(booking: Pool, ids: readonly string[]): Promise<Map<string, AuditedBooking>> {
  const { rows } = await booking.query(
    `select id, status, reason, version, total_minor, currency, capture_id
     from bookings where id = any($1::uuid[])`,
    [ids],
  );
  return new Map(
    rows.map((row) => [
      row.id,
      {
        id: row.id,
        status: row.status,
        reason: row.reason,
        version: row.version,
        totalMinor: Number(row.total_minor),
        currency: row.currency,
        captureId: row.capture_id,
      },
    ]),
  );
}

/** Captures with what their providers' books say of them. Captures are read first: a charge is booked before its capture. */
export async function readCaptures(
  payment: Pool,
  books: Books,
  ids: readonly string[],
): Promise<Map<string, AuditedCapture>> {
  const { rows } = await payment.query(
    "select id, booking_id, status, amount_minor, currency, provider, provider_ref from captures where id = any($1::uuid[])",
    [ids],
  );
  const found = new Map<string, AuditedCapture>();
  for (const [provider, ofProvider] of Map.groupBy(rows, (row) => row.provider as string)) {
    const charges = await bookOf(books, provider).find(ofProvider.map((row) => row.provider_ref));
    for (const row of ofProvider) found.set(row.id, captureOf(row, charges.get(row.provider_ref)));
  }
  return found;
}

const captureOf = (row: QueryResultRow, charge: BookedCharge | undefined): AuditedCapture => ({
  id: row.id,
  bookingId: row.booking_id,
  status: row.status,
  amountMinor: Number(row.amount_minor),
  currency: row.currency,
  ledger: {
    chargeState: charge?.state ?? null,
    chargeAmountMinor: charge?.amountMinor ?? null,
    chargeCurrency: charge?.currency ?? null,
    refunds: charge?.refunds ?? 0,
    refundedMinor: charge?.refundedMinor ?? 0,
  },
});

/** Charges that a provider took and payment does not know of: all, or of those keys only. */
export async function readUnknownCharges(
  payment: Pool,
  books: Books,
  keys: readonly string[] | null,
): Promise<UnknownCharge[]> {
  const unknown: UnknownCharge[] = [];
  for (const [provider, book] of books) {
    for await (const charges of book.taken(keys)) {
      unknown.push(...(await unknownOf(payment, provider, charges)));
      if (unknown.length >= PAGE) return unknown.slice(0, PAGE);
    }
  }
  return unknown;
}

async function unknownOf(payment: Pool, provider: string, charges: readonly BookedCharge[]): Promise<UnknownCharge[]> {
  const attempted = charges.map(({ key }) => attemptOf(key));
  const { rows } = await payment.query(
    `select b.key, a.state
     from unnest($1::text[], $2::text[], $3::uuid[], $4::int[]) as b(key, ref, payment_id, number)
     left join attempts a using (payment_id, number)
     where not exists (select from captures c where c.provider = $5 and c.provider_ref = b.ref)`,
    [
      charges.map(({ key }) => key),
      charges.map(({ providerRef }) => providerRef),
      attempted.map((attempt) => attempt?.paymentId ?? null),
      attempted.map((attempt) => attempt?.number ?? null),
      provider,
    ],
  );
  const attempts = new Map<string, string | null>(rows.map((row) => [row.key, row.state]));
  return charges.flatMap(({ key, amountMinor, currency }) => {
    const attempt = attempts.get(key);
    return attempt === undefined ? [] : [{ key, amountMinor, currency, attempt }];
  });
}
