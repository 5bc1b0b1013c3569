import type { Pool, QueryResultRow } from "pg";
import type { Cause } from "#contracts/events.ts";
import type { Tx } from "#mixins/transaction.ts";
import { causeOf } from "./payment.repository.ts";

/** Money that a provider took. */
export interface Capture {
  id: string;
  paymentId: string;
  bookingId: string;
  eventId: string;
  provider: string;
  providerRef: string;
  amountMinor: number;
  currency: string;
}

/** Inserts captures and returns those not known before: each is announced once. */
export async function insertCaptures(tx: Tx, captures: readonly Capture[]): Promise<Capture[]> {
  if (captures.length === 0) return [];
  const { rows } = await tx.query<{ id: string }>({
    name: "captures-insert",
    text: `
      insert into captures (id, payment_id, booking_id, event_id, provider, provider_ref, amount_minor, currency)
      select * from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::text[], $7::bigint[], $8::text[])
        as c(id, payment_id, booking_id, event_id, provider, provider_ref, amount_minor, currency)
      order by c.provider, c.provider_ref
      on conflict (provider, provider_ref) do nothing
      returning id`,
    values: [
      captures.map((c) => c.id),
      captures.map((c) => c.paymentId),
      captures.map((c) => c.bookingId),
      captures.map((c) => c.eventId),
      captures.map((c) => c.provider),
      captures.map((c) => c.providerRef),
      captures.map((c) => c.amountMinor),
      captures.map((c) => c.currency),
    ],
  });
  const inserted = new Set(rows.map((row) => row.id));
  return captures.filter((c) => inserted.has(c.id));
}

export interface DueRefund {
  captureId: string;
  bookingId: string;
  cause: Cause;
}

/**
 * Marks captures to be given back; one that is marked or given back already stays as it is. Returns the ids of all that exist
 * and are of the booking named.
 */
export async function markRefundDue(tx: Tx, refunds: readonly DueRefund[]): Promise<Set<string>> {
  const { rows } = await tx.query<{ id: string }>({
    name: "captures-refund-due",
    text: `
      with asked as (
        select * from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[])
          as r(id, booking_id, correlation_id, causation_id, traceparent)),
      locked as (
        select c.id from captures c join asked using (id, booking_id) order by c.id for update of c),
      marked as (
        update captures c
        set status = 'REFUND_DUE', lease_until = clock_timestamp(), updated_at = clock_timestamp(),
            correlation_id = asked.correlation_id, causation_id = asked.causation_id, traceparent = asked.traceparent
        from asked join locked using (id)
        where c.id = asked.id and c.status = 'CAPTURED')
      select id from locked`,
    values: [
      refunds.map((r) => r.captureId),
      refunds.map((r) => r.bookingId),
      refunds.map((r) => r.cause.correlationid),
      refunds.map((r) => r.cause.causationid),
      refunds.map((r) => r.cause.traceparent),
    ],
  });
  return new Set(rows.map((row) => row.id));
}

/** A refund, claimed by a worker until its lease runs out. */
export interface RefundJob extends Capture {
  claims: number;
  cause: Cause;
}

export async function claimRefunds(pool: Pool, limit: number, leaseMs: number): Promise<RefundJob[]> {
  const { rows } = await pool.query({
    name: "captures-claim-refunds",
    text: `
      update captures c set claims = c.claims + 1, lease_until = clock_timestamp() + $2 * interval '1 ms'
      from (select id from captures
            where status = 'REFUND_DUE' and lease_until <= (select clock_timestamp())
            order by lease_until limit $1 for update skip locked) as due
      where c.id = due.id
      returning c.*`,
    values: [limit, leaseMs],
  });
  return rows.map(refundOf);
}

/** Records that money went back; returns the captures for which this was not known before. */
export async function markRefunded(tx: Tx, ids: readonly string[]): Promise<Set<string>> {
  const { rows } = await tx.query<{ id: string }>({
    name: "captures-refunded",
    text: `
      update captures c set status = 'REFUNDED', lease_until = null, updated_at = clock_timestamp()
      from (select id from captures where id = any($1::uuid[]) and status = 'REFUND_DUE' order by id for update) as due
      where c.id = due.id
      returning c.id`,
    values: [ids],
  });
  return new Set(rows.map((row) => row.id));
}

export async function postponeRefund(pool: Pool, { id, claims }: RefundJob, waitMs: number): Promise<void> {
  await pool.query({
    name: "captures-postpone-refund",
    text: `
      update captures set lease_until = clock_timestamp() + $3 * interval '1 ms'
      where id = $1 and claims = $2 and status = 'REFUND_DUE'`,
    values: [id, claims, waitMs],
  });
}

const refundOf = (row: QueryResultRow): RefundJob => ({
  id: row.id,
  paymentId: row.payment_id,
  bookingId: row.booking_id,
  eventId: row.event_id,
  provider: row.provider,
  providerRef: row.provider_ref,
  amountMinor: Number(row.amount_minor),
  currency: row.currency,
  claims: row.claims,
  cause: causeOf(row),
});
