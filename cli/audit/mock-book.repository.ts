import type { Pool, QueryResultRow } from "pg";
import { type BookedCharge, byRef, type ProviderBook } from "./provider-book.ts";

const PAGE = 5_000;
const CHARGES = `
  select l.key, l.provider_ref, l.state, l.amount_minor, l.currency, r.refunds, r.refunded
  from mock_ledger l
  cross join lateral (
    select count(*) as refunds, coalesce(sum(amount_minor) filter (where currency = l.currency), 0) as refunded
    from mock_ledger where refund_of = l.provider_ref) r
  where l.kind = 'CHARGE'`;

/** The mock provider's book, which stands in payment's database as if it were another company's. */
export function mockBook(payment: Pool): ProviderBook {
  return {
    async find(refs) {
      const { rows } = await payment.query(`${CHARGES} and l.provider_ref = any($1::text[])`, [refs]);
      return byRef(rows.map(chargeOf));
    },
    async *taken(keys) {
      for (let after = ""; ; ) {
        const { rows } = await payment.query(
          `${CHARGES} and l.state = 'TAKEN' and l.key > $1 and ($2::text[] is null or l.key = any($2)) order by l.key limit $3`,
          [after, keys, PAGE],
        );
        if (rows.length > 0) yield rows.map(chargeOf);
        if (rows.length < PAGE) return;
        after = rows.at(-1)?.key;
      }
    },
  };
}

const chargeOf = (row: QueryResultRow): BookedCharge => ({
  key: row.key,
  providerRef: row.provider_ref,
  state: row.state,
  amountMinor: Number(row.amount_minor),
  currency: row.currency,
  refunds: Number(row.refunds),
  refundedMinor: Number(row.refunded),
});
