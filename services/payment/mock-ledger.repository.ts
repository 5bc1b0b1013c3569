import type { Pool, QueryResultRow } from "pg";

/** A charge in the mock provider's book. */
export interface LedgerEntry {
  key: string;
  state: "PENDING" | "TAKEN" | "DECLINED" | "STOPPED";
  providerRef: string;
  amountMinor: number;
  currency: string;
  /** Until a pending charge is over, by the database's clock; null if it never will be. */
  waitMs: number | null;
}

export interface NewCharge {
  key: string;
  providerRef: string;
  amountMinor: number;
  currency: string;
  /** null: the provider never answers. */
  planned: "TAKEN" | "DECLINED" | null;
  delayMs: number;
}

const ENTRY = `m.key, m.state, provider_ref, amount_minor, currency,
  case when isfinite(ready_at) then greatest(0, extract(epoch from ready_at - clock_timestamp()) * 1000) end as wait_ms`;

/** Enters charges; those whose key is known stay as they are. Returns all. Keys must differ. */
export async function openCharges(pool: Pool, charges: readonly NewCharge[]): Promise<LedgerEntry[]> {
  const { rows } = await pool.query({
    name: "mock-ledger-open",
    text: `
      insert into mock_ledger as m (key, kind, state, planned, ready_at, amount_minor, currency, provider_ref)
      select c.key, 'CHARGE', case when c.delay_ms = 0 then coalesce(c.planned, 'PENDING') else 'PENDING' end, c.planned,
             case when c.planned is null then 'infinity' else clock_timestamp() + c.delay_ms * interval '1 ms' end,
             c.amount_minor, c.currency, c.provider_ref
      from unnest($1::text[], $2::text[], $3::int[], $4::bigint[], $5::text[], $6::text[])
        as c(key, planned, delay_ms, amount_minor, currency, provider_ref)
      order by c.key
      on conflict (key) do update set key = m.key
      returning ${ENTRY}`,
    values: [
      charges.map((c) => c.key),
      charges.map((c) => c.planned),
      charges.map((c) => c.delayMs),
      charges.map((c) => c.amountMinor),
      charges.map((c) => c.currency),
      charges.map((c) => c.providerRef),
    ],
  });
  return rows.map(entryOf);
}

/** The charges as they are now: a pending one that is ready becomes what was planned. Unknown keys are left out. */
export async function settleCharges(pool: Pool, keys: readonly string[]): Promise<LedgerEntry[]> {
  const { rows } = await pool.query({
    name: "mock-ledger-settle",
    text: `
      update mock_ledger as m
      set state = case when m.state = 'PENDING' and m.ready_at <= clock_timestamp() then m.planned else m.state end
      from (select key from mock_ledger where key = any($1::text[]) order by key for update) as locked
      where m.key = locked.key
      returning ${ENTRY}`,
    values: [keys],
  });
  return rows.map(entryOf);
}

/** Stops a charge unless it is over already; a key not heard of yet is entered as stopped, so that it can never be charged. */
export async function stopCharge(pool: Pool, charge: Omit<NewCharge, "planned" | "delayMs">): Promise<LedgerEntry> {
  const { rows } = await pool.query({
    name: "mock-ledger-stop",
    text: `
      insert into mock_ledger as m (key, kind, state, ready_at, amount_minor, currency, provider_ref)
      values ($1, 'CHARGE', 'STOPPED', clock_timestamp(), $2, $3, $4)
      on conflict (key) do update
      set state = case when m.state <> 'PENDING' then m.state
                       when m.ready_at <= clock_timestamp() then m.planned
                       else 'STOPPED' end
      returning ${ENTRY}`,
    values: [charge.key, charge.amountMinor, charge.currency, charge.providerRef],
  });
  return entryOf(rows[0] as QueryResultRow);
}

/** Whether the charge is given back under this key, now or earlier. */
export async function writeRefund(
  pool: Pool,
  refund: { key: string; providerRef: string; refundRef: string; amountMinor: number; currency: string },
): Promise<boolean> {
  const { rowCount } = await pool.query({
    name: "mock-ledger-refund",
    text: `
      insert into mock_ledger as m (key, kind, state, ready_at, amount_minor, currency, provider_ref, refund_of)
      select $1, 'REFUND', 'REFUNDED', clock_timestamp(), c.amount_minor, c.currency, $2, c.provider_ref
      from mock_ledger c
      where c.provider_ref = $3 and c.kind = 'CHARGE' and c.state = 'TAKEN' and c.amount_minor = $4 and c.currency = $5
      on conflict (key) do update set key = m.key`,
    values: [refund.key, refund.refundRef, refund.providerRef, refund.amountMinor, refund.currency],
  });
  return rowCount === 1;
}

const entryOf = (row: QueryResultRow): LedgerEntry => ({
  key: row.key,
  state: row.state,
  providerRef: row.provider_ref,
  amountMinor: Number(row.amount_minor),
  currency: row.currency,
  waitMs: row.wait_ms === null ? null : Number(row.wait_ms),
});
