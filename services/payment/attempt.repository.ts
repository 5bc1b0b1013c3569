import type { Pool, QueryResultRow } from "pg";
import type { Tx } from "#mixins/transaction.ts";
import { chargeKey } from "./charge-key.ts";
import type { ChargeRequest } from "./payment.provider.ts";

/** One attempt, claimed by a worker until its lease runs out. */
export interface AttemptJob {
  paymentId: string;
  number: number;
  /** Tells this claim from those before and after it. */
  claims: number;
  /** Claimed for the first time: nothing was sent to the provider yet. */
  isNew: boolean;
  /** The booking ended: the provider is to be asked to stop. */
  stopWanted: boolean;
  /** There is time enough before the hold expires. */
  mayStart: boolean;
  /** The hold has long expired and nobody said what became of the booking. */
  overdue: boolean;
  correlationId: string | undefined;
  request: ChargeRequest;
}

/** How long after the hold's end an attempt waits to be told about its booking. */
const OVERDUE_S = 60;

/** Claims the attempts that are due, oldest first, each for `leaseMs`; what another worker is claiming is left to it. */
export async function claimAttempts(pool: Pool, limit: number, leaseMs: number): Promise<AttemptJob[]> {
  const { rows } = await pool.query({
    name: "attempts-claim",
    text: `
      with due as (
        select payment_id, number, state from attempts
        where state in ('REQUESTED', 'CHARGING') and lease_until <= (select clock_timestamp())
        order by lease_until limit $1 for update skip locked),
      claimed as (
        update attempts a
        set state = 'CHARGING', claims = a.claims + 1, lease_until = clock_timestamp() + $2 * interval '1 ms'
        from due where a.payment_id = due.payment_id and a.number = due.number
        returning a.payment_id, a.number, a.claims, a.stop_wanted, due.state as was)
      select c.*, p.booking_id, p.event_id, p.seat_ids, p.user_id, p.amount_minor, p.currency,
             p.expires_at, p.correlation_id, p.start_by > clock_timestamp() as may_start,
             p.expires_at + $3 * interval '1 s' < clock_timestamp() as overdue
      from claimed c join payments p on p.id = c.payment_id`,
    values: [limit, leaseMs, OVERDUE_S],
  });
  return rows.map(jobOf);
}

/** An attempt that ends, and as what. */
export interface AttemptEnd {
  paymentId: string;
  number: number;
  state: "TAKEN" | "DECLINED" | "STOPPED" | "VOIDED";
}

export interface EndedAttempt {
  paymentId: string;
  stopWanted: boolean;
  mayStart: boolean;
}

/** Ends attempts that are being charged and returns those; what had ended before is left as it was, but for money taken. */
export async function endAttempts(tx: Tx, ends: readonly AttemptEnd[]): Promise<Map<string, EndedAttempt>> {
  const { rows } = await tx.query({
    name: "attempts-end",
    text: `
      with ended as (
        update attempts a set state = e.state
        from unnest($1::uuid[], $2::int[], $3::text[]) as e(payment_id, number, state)
        where a.payment_id = e.payment_id and a.number = e.number
          and (a.state = 'CHARGING' or e.state = 'TAKEN' and a.state <> 'TAKEN')
        returning a.payment_id, a.stop_wanted)
      select ended.*, p.start_by > clock_timestamp() as may_start from ended join payments p on p.id = ended.payment_id`,
    values: [ends.map((e) => e.paymentId), ends.map((e) => e.number), ends.map((e) => e.state)],
  });
  return new Map(
    rows.map((row) => [
      row.payment_id,
      { paymentId: row.payment_id, stopWanted: row.stop_wanted, mayStart: row.may_start },
    ]),
  );
}

/** Adds attempts with the numbers given. */
export async function addAttempts(tx: Tx, attempts: readonly { paymentId: string; number: number }[]): Promise<void> {
  if (attempts.length === 0) return;
  await tx.query({
    name: "attempts-add",
    text: `
      insert into attempts (payment_id, number, state)
      select a.payment_id, a.number, 'REQUESTED' from unnest($1::uuid[], $2::int[]) as a(payment_id, number)
      on conflict do nothing`,
    values: [attempts.map((a) => a.paymentId), attempts.map((a) => a.number)],
  });
}

/** An attempt that is to be claimed again after a while. */
export interface AttemptWait {
  paymentId: string;
  number: number;
  claims: number;
  waitMs: number;
  /** Where the buyer pays, if the provider said so; what it said before stays. */
  checkoutUrl?: string | undefined;
}

/**
 * Lets attempts wait before they are claimed again, unless they were claimed, ended or to be stopped since. What somebody else
 * has locked is being changed by them and left alone: waiting in another order than theirs would be a deadlock.
 */
export async function postponeAttempts(pool: Pool, waits: readonly AttemptWait[]): Promise<void> {
  await pool.query({
    name: "attempts-postpone",
    text: `
      update attempts a
      set lease_until = clock_timestamp() + w.wait_ms * interval '1 ms',
          checkout_url = coalesce(w.checkout_url, a.checkout_url)
      from (select a.payment_id, a.number, u.wait_ms, u.checkout_url
            from unnest($1::uuid[], $2::int[], $3::int[], $4::int[], $5::text[])
              as u(payment_id, number, claims, wait_ms, checkout_url)
            join attempts a using (payment_id, number, claims)
            where a.state = 'CHARGING' and not a.stop_wanted
            for update of a skip locked) as w
      where a.payment_id = w.payment_id and a.number = w.number`,
    values: [
      waits.map((w) => w.paymentId),
      waits.map((w) => w.number),
      waits.map((w) => w.claims),
      waits.map((w) => w.waitMs),
      waits.map((w) => w.checkoutUrl ?? null),
    ],
  });
}

/**
 * Voids what nobody claimed of these bookings' attempts, and marks what is being charged to be stopped at the provider, due at
 * once. Their payments are locked by the caller. Returns the payments that are void by it.
 */
export async function voidAttempts(
  tx: Tx,
  bookingIds: readonly string[],
): Promise<{ paymentId: string; bookingId: string }[]> {
  const { rows } = await tx.query<{ payment_id: string; booking_id: string }>({
    name: "attempts-void",
    text: `
      with ended as (
        update attempts a
        set state = case a.state when 'REQUESTED' then 'VOIDED' else a.state end,
            stop_wanted = a.state = 'CHARGING',
            lease_until = clock_timestamp()
        from payments p
        where p.booking_id = any($1::uuid[]) and a.payment_id = p.id and a.state in ('REQUESTED', 'CHARGING')
        returning a.payment_id, p.booking_id, a.state)
      select payment_id, booking_id from ended where state = 'VOIDED'`,
    values: [bookingIds],
  });
  return rows.map((row) => ({ paymentId: row.payment_id, bookingId: row.booking_id }));
}

const jobOf = (row: QueryResultRow): AttemptJob => ({
  paymentId: row.payment_id,
  number: row.number,
  claims: row.claims,
  isNew: row.was === "REQUESTED",
  stopWanted: row.stop_wanted,
  mayStart: row.may_start,
  overdue: row.overdue,
  correlationId: row.correlation_id ?? undefined,
  request: {
    key: chargeKey(row.payment_id, row.number),
    bookingId: row.booking_id,
    eventId: row.event_id,
    seatIds: row.seat_ids,
    userId: row.user_id,
    amountMinor: Number(row.amount_minor),
    currency: row.currency,
    expiresAt: row.expires_at.toISOString(),
  },
});
