import type { Pool } from "pg";
import type { Tx } from "#mixins/transaction.ts";

export interface ProviderEvent {
  provider: string;
  /** The provider's id of it: the same however often it is sent. */
  eventId: string;
}

/** Notes that an event is being applied; false when it was before. One that is being applied elsewhere is waited for. */
export async function noteEvent(tx: Tx, { provider, eventId }: ProviderEvent): Promise<boolean> {
  const { rowCount } = await tx.query({
    name: "provider-events-note",
    text: "insert into provider_events (provider, event_id) values ($1, $2) on conflict do nothing",
    values: [provider, eventId],
  });
  return rowCount === 1;
}

/** Rows a statement: some milliseconds, so that nobody waits for it. */
const CHUNK_ROWS = 1_000;

/**
 * Forgets events that came more than thirty days ago, and returns how many: no provider sends one for so long, and applied
 * again it would change nothing. `now` is the database's clock unless it is given.
 */
export async function forgetEvents(pool: Pool, now: Date | null = null): Promise<number> {
  for (let forgotten = 0; ; ) {
    const { rowCount } = await pool.query({
      name: "provider-events-forget",
      text: `
        delete from provider_events where (provider, event_id) in (
          select provider, event_id from provider_events
          where received_at < (select coalesce($1, clock_timestamp())) - interval '30 days'
          order by received_at limit $2 for update skip locked)`,
      values: [now, CHUNK_ROWS],
    });
    forgotten += rowCount ?? 0;
    if ((rowCount ?? 0) < CHUNK_ROWS) return forgotten;
  }
}
