import type { Pool, QueryResultRow } from "pg";
import type { InspectedPayment } from "#contracts/inspection.ts";

type Attempt = Omit<InspectedPayment["attempts"][number], "provider">;
/** A payment as its tables tell it, without what the provider says. */
export type StoredPayment = Omit<InspectedPayment, "attempts" | "waiting"> & { attempts: Attempt[] };

/** Anybody's payment, with its attempts and captures. */
export async function inspectPayment(pool: Pool, bookingId: string): Promise<StoredPayment | undefined> {
  const { rows } = await pool.query(
    `select p.*,
            (select json_agg(json_build_object('number', number, 'state', state, 'claims', claims,
                                               'stopWanted', stop_wanted) order by number)
             from attempts where payment_id = p.id) as attempts,
            (select json_agg(json_build_object('id', id, 'provider', provider, 'providerRef', provider_ref,
                                               'amountMinor', amount_minor, 'currency', currency, 'status', status,
                                               'claims', claims, 'createdAt', created_at, 'updatedAt', updated_at)
                             order by created_at, id)
             from captures where payment_id = p.id) as captures
     from payments p where p.booking_id = $1`,
    [bookingId],
  );
  return rows[0] && paymentOf(rows[0]);
}

const paymentOf = (row: QueryResultRow): StoredPayment => ({
  id: row.id,
  bookingId: row.booking_id,
  status: row.status,
  reason: row.reason,
  amountMinor: row.amount_minor === null ? null : Number(row.amount_minor),
  currency: row.currency,
  startBy: row.start_by?.toISOString() ?? null,
  createdAt: row.created_at.toISOString(),
  updatedAt: row.updated_at.toISOString(),
  attempts: row.attempts ?? [],
  captures: ((row.captures ?? []) as InspectedPayment["captures"]).map((capture) => ({
    ...capture,
    // Postgres writes instants into JSON with the offset of its session.
    createdAt: new Date(capture.createdAt).toISOString(),
    updatedAt: new Date(capture.updatedAt).toISOString(),
  })),
});
