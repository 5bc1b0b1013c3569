import type { Pool, QueryResultRow } from "pg";

/** What the audit reads at a time. */
const PAGE = 5_000;
const FIRST_UUID = "00000000-0000-0000-0000-000000000000";

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
  /** What the provider's own book says; absent for a provider whose book is not at hand. */
  ledger?: {
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

/** The ids of bookings that claim a capture, a page at a time. */
export async function* paidBookingIds(booking: Pool): AsyncGenerator<string[]> {
  yield* pages(
    booking,
    "select id from bookings where id > $1 and (status = 'CONFIRMED' or capture_id is not null) order by id limit $2",
  );
}

export async function* captureIds(payment: Pool): AsyncGenerator<string[]> {
  yield* pages(payment, "select id from captures where id > $1 order by id limit $2");
}

async function* pages(pool: Pool, text: string): AsyncGenerator<string[]> {
  for (let after = FIRST_UUID; ; ) {
    const { rows } = await pool.query<{ id: string }>(text, [after, PAGE]);
    const ids = rows.map(({ id }) => id);
    if (ids.length > 0) yield ids;
    if (ids.length < PAGE) return;
    after = ids.at(-1) as string;
  }
}

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

export async function readCaptures(payment: Pool, ids: readonly string[]): Promise<Map<string, AuditedCapture>> {
  const { rows } = await payment.query(
    `select c.id, c.booking_id, c.status, c.amount_minor, c.currency, c.provider,
            l.state as charge_state, l.amount_minor as charge_amount, l.currency as charge_currency,
            r.refunds, r.refunded
     from captures c
     left join mock_ledger l on c.provider = 'mock' and l.provider_ref = c.provider_ref and l.kind = 'CHARGE'
     left join lateral (
       select count(*) as refunds, coalesce(sum(amount_minor) filter (where currency = c.currency), 0) as refunded
       from mock_ledger where refund_of = c.provider_ref) r on true
     where c.id = any($1::uuid[])`,
    [ids],
  );
  return new Map(rows.map((row) => [row.id, captureOf(row)]));
}

const captureOf = (row: QueryResultRow): AuditedCapture => ({
  id: row.id,
  bookingId: row.booking_id,
  status: row.status,
  amountMinor: Number(row.amount_minor),
  currency: row.currency,
  ...(row.provider === "mock" && {
    ledger: {
      chargeState: row.charge_state,
      chargeAmountMinor: row.charge_amount === null ? null : Number(row.charge_amount),
      chargeCurrency: row.charge_currency,
      refunds: Number(row.refunds),
      refundedMinor: Number(row.refunded),
    },
  }),
});

/** Charges that the provider took and payment does not know of: all, or of those keys only. */
export async function readUnknownCharges(payment: Pool, keys: readonly string[] | null): Promise<UnknownCharge[]> {
  const { rows } = await payment.query(
    `select l.key, l.amount_minor, l.currency, a.state
     from mock_ledger l
     left join captures c on c.provider = 'mock' and c.provider_ref = l.provider_ref
     left join attempts a on a.payment_id::text = split_part(l.key, ':', 1) and a.number::text = split_part(l.key, ':', 2)
     where l.kind = 'CHARGE' and l.state = 'TAKEN' and c.id is null and ($1::text[] is null or l.key = any($1))
     order by l.key limit $2`,
    [keys, PAGE],
  );
  return rows.map((row) => ({
    key: row.key,
    amountMinor: Number(row.amount_minor),
    currency: row.currency,
    attempt: row.state,
  }));
}
