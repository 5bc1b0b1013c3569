import type { Pool } from "pg";
import {
  deleteRows,
  type OutboxRow,
  RELAY_MARK,
  ROUND_BYTES,
  ROUND_ROWS,
  readOldest,
  takeLead,
} from "./outbox.repository.ts";
import { flight, RolledBackError, withClient } from "./transaction.ts";

/** Resolves when all rows are on their topics, in order by key; rejects if any may not be. */
export type Publish = (rows: OutboxRow[]) => Promise<void>;

export interface Round {
  /** Whether this was the relay of its database for the round. */
  led: boolean;
  published: number;
  /** The round met a limit: there is probably more. */
  full: boolean;
}

/**
 * One round of the relay: the oldest rows are published and then deleted, in one transaction on one connection. A process
 * that dies or stops in between leaves the rows, and the lead falls to another at the latest when
 * idle_in_transaction_session_timeout ends the session: they are published again, never lost.
 *
 * Throws what the database or `publish` throws; nothing is deleted then.
 */
export async function relayRound(pool: Pool, publish: Publish): Promise<Round> {
  return withClient(pool, async (client) => {
    const [, lead] = await flight(client, ["begin", takeLead]);
    const led: boolean = lead?.rows[0].leads;
    // A statement of its own after the lock: its snapshot has the deletes of whoever led before.
    const rows: OutboxRow[] = led ? (await client.query(readOldest)).rows : [];
    if (rows.length === 0) {
      await client.query(led ? `rollback ${RELAY_MARK}` : "rollback");
      return { led, published: 0, full: false };
    }
    await publish(rows);
    const done = await flight(client, [deleteRows(rows), `commit ${RELAY_MARK}`]);
    if (done.at(-1)?.command !== "COMMIT") throw new RolledBackError();
    return { led, published: rows.length, full: isFull(rows) };
  });
}

function isFull(rows: OutboxRow[]): boolean {
  const bytes = rows.reduce((sum, row) => sum + (row.value?.length ?? 0), 0);
  return rows.length >= ROUND_ROWS || bytes >= ROUND_BYTES / 2;
}
