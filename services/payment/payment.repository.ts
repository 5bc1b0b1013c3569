import type { Pool, QueryResultRow } from "pg";
import type { PaymentResponse } from "#contracts/booking.ts";
import type { Cause } from "#contracts/events.ts";
import type { Tx } from "#mixins/transaction.ts";

export type PaymentStatus = PaymentResponse["status"];

/** A booking that asks to be paid. */
export interface NewPayment {
  id: string;
  bookingId: string;
  eventId: string;
  userId: string;
  seatIds: string[];
  amountMinor: number;
  currency: string;
  expiresAt: string;
  holdSeconds: number;
  cause: Cause;
}

/** What facts about a payment need to say. */
export interface LockedPayment {
  id: string;
  bookingId: string;
  eventId: string;
  /** Money was taken for it. */
  hasSucceeded: boolean;
  cause: Cause;
}

/**
 * Records payments and the first attempt of each. A booking known already stays as it is; of one that was voided before it was
 * known only the details are filled in. No attempt starts in the last tenth of the hold, at most 30 s.
 */
export async function requestPayments(tx: Tx, payments: readonly NewPayment[]): Promise<void> {
  const sorted = [...payments].sort((a, b) => (a.bookingId < b.bookingId ? -1 : 1));
  await tx.query({
    name: "payments-request",
    text: `
      with requested as (
        insert into payments as p (id, booking_id, status, event_id, user_id, seat_ids, amount_minor, currency, expires_at,
                                   start_by, correlation_id, causation_id, traceparent)
        select r.id, r.booking_id, 'REQUESTED', r.event_id, r.user_id, r.seat_ids::uuid[], r.amount_minor, r.currency,
               r.expires_at, r.expires_at - least(interval '30 s', r.hold_s * interval '100 ms'),
               r.correlation_id, r.causation_id, r.traceparent
        from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::bigint[], $7::text[], $8::timestamptz[],
                    $9::int[], $10::text[], $11::text[], $12::text[])
          as r(id, booking_id, event_id, user_id, seat_ids, amount_minor, currency, expires_at, hold_s, correlation_id,
               causation_id, traceparent)
        on conflict (booking_id) do update
        set event_id = excluded.event_id, user_id = excluded.user_id, seat_ids = excluded.seat_ids,
            amount_minor = excluded.amount_minor, currency = excluded.currency, expires_at = excluded.expires_at,
            start_by = excluded.start_by, correlation_id = excluded.correlation_id, causation_id = excluded.causation_id,
            traceparent = excluded.traceparent
        where p.user_id is null
        returning id, status)
      insert into attempts (payment_id, number, state)
      select id, 1, 'REQUESTED' from requested where status = 'REQUESTED'`,
    values: [
      sorted.map((p) => p.id),
      sorted.map((p) => p.bookingId),
      sorted.map((p) => p.eventId),
      sorted.map((p) => p.userId),
      sorted.map((p) => `{${p.seatIds.join(",")}}`),
      sorted.map((p) => p.amountMinor),
      sorted.map((p) => p.currency),
      sorted.map((p) => p.expiresAt),
      sorted.map((p) => p.holdSeconds),
      sorted.map((p) => p.cause.correlationid),
      sorted.map((p) => p.cause.causationid),
      sorted.map((p) => p.cause.traceparent),
    ],
  });
}

export interface EndedBooking {
  /** For the payment, if the booking is not known yet. */
  paymentId: string;
  bookingId: string;
  reason: string;
}

/**
 * Locks the payments of these bookings, sorted by booking id; one not known yet is recorded as voided, so that its
 * booking.created starts nothing. The unique booking_id makes this and requestPayments wait for one another.
 */
export async function lockOrVoidUnknown(tx: Tx, ended: readonly EndedBooking[]): Promise<void> {
  const sorted = [...ended].sort((a, b) => (a.bookingId < b.bookingId ? -1 : 1));
  await tx.query({
    name: "payments-lock-or-void",
    text: `
      insert into payments as p (id, booking_id, status, reason)
      select e.id, e.booking_id, 'VOIDED', e.reason from unnest($1::uuid[], $2::uuid[], $3::text[]) as e(id, booking_id, reason)
      on conflict (booking_id) do update set booking_id = p.booking_id`,
    values: [sorted.map((e) => e.paymentId), sorted.map((e) => e.bookingId), sorted.map((e) => e.reason)],
  });
}

/** Locks payments, sorted by booking id. */
export async function lockPayments(tx: Tx, ids: readonly string[]): Promise<Map<string, LockedPayment>> {
  const { rows } = await tx.query({
    name: "payments-lock",
    text: `
      select id, booking_id, event_id, status, correlation_id, causation_id, traceparent
      from payments where id = any($1::uuid[]) order by booking_id for update`,
    values: [ids],
  });
  return new Map(rows.map((row) => [row.id, lockedOf(row)]));
}

/** Sets what became of payments; one for which money was taken stays SUCCEEDED, whatever its other attempts come to. */
export async function setPaymentStatus(
  tx: Tx,
  changes: readonly { id: string; status: PaymentStatus; reason: string | null }[],
): Promise<void> {
  if (changes.length === 0) return;
  await tx.query({
    name: "payments-set-status",
    text: `
      update payments p set status = c.status, reason = c.reason, updated_at = clock_timestamp()
      from unnest($1::uuid[], $2::text[], $3::text[]) as c(id, status, reason)
      where p.id = c.id and p.status <> 'SUCCEEDED'`,
    values: [changes.map((c) => c.id), changes.map((c) => c.status), changes.map((c) => c.reason)],
  });
}

/** The payment of a booking as its owner may see it; undefined for anybody else, or while there is none. */
export async function findByBooking(
  pool: Pool,
  bookingId: string,
  userId: string,
): Promise<PaymentResponse | undefined> {
  const { rows } = await pool.query({
    text: `
      select p.*, coalesce((
        select json_agg(json_build_object('id', c.id, 'amountMinor', c.amount_minor, 'currency', c.currency,
                                          'status', c.status) order by c.created_at, c.id)
        from captures c where c.payment_id = p.id), '[]') as captures,
        (select a.checkout_url from attempts a
         where a.payment_id = p.id and a.state = 'CHARGING' and not a.stop_wanted
           and p.status = 'REQUESTED' and p.expires_at > clock_timestamp()
         order by a.number desc limit 1) as checkout_url
      from payments p where p.booking_id = $1 and p.user_id = $2`,
    values: [bookingId, userId],
  });
  return rows[0] && responseOf(rows[0]);
}

const lockedOf = (row: QueryResultRow): LockedPayment => ({
  id: row.id,
  bookingId: row.booking_id,
  eventId: row.event_id,
  hasSucceeded: row.status === "SUCCEEDED",
  cause: causeOf(row),
});

export const causeOf = (row: QueryResultRow): Cause => ({
  correlationid: row.correlation_id ?? undefined,
  causationid: row.causation_id ?? undefined,
  traceparent: row.traceparent ?? undefined,
});

const responseOf = (row: QueryResultRow): PaymentResponse => ({
  id: row.id,
  bookingId: row.booking_id,
  status: row.status,
  reason: row.reason,
  amountMinor: Number(row.amount_minor),
  currency: row.currency,
  captures: row.captures,
  checkoutUrl: row.checkout_url,
  createdAt: row.created_at.toISOString(),
  updatedAt: row.updated_at.toISOString(),
});
