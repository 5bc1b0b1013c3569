import type { Pool, PoolClient, QueryResult } from "pg";
import { insertFacts } from "#mixins/outbox.repository.ts";
import { flight, RolledBackError, withClient } from "#mixins/transaction.ts";
import { factsOfHolds } from "./hold.facts.ts";
import { type BatchView, type HoldRequest, type LockedSeat, planHolds, seatKey, type Verdict } from "./hold.plan.ts";
import { type Granted, insertBookings, insertItems, takeSeats } from "./sql/insert-holds.sql.ts";
import { lockSeats, toLockedSeat } from "./sql/lock-seats.sql.ts";
import {
  deleteStaleKeys,
  hasKey,
  insertKeys,
  readKeys,
  readMadeBookings,
  toKeptAnswer,
  toMadeBooking,
} from "./sql/read-answers.sql.ts";
import { readTerms, toTerms } from "./sql/read-terms.sql.ts";

export interface BatchedHold extends HoldRequest {
  /** It may have been committed before: look its booking up. */
  mayExist: boolean;
}

export interface HoldOutcome {
  /** In the order of the holds; committed when this is returned. */
  verdicts: Verdict[];
  /** Every seat as it is after the commit. */
  seats: LockedSeat[];
  /** By this process's monotonic clock, before they were read. */
  readAt: number;
  /** What to add to this node's clock to get the database's; NaN when no event of the batch is known. */
  clockOffsetMs: number;
}

/**
 * One batch, one transaction, two flights in pg's pipeline mode: lock and read, plan, write and commit. A batch with two
 * waits is a quarter faster than with one a statement. `wait` lets a hold alone wait for locked rows; `beforeWriting` may
 * throw to roll back. Throws what Postgres says; after the second flight was sent the outcome of a lost connection is unknown.
 */
export async function commitHolds(
  pool: Pool,
  holds: readonly BatchedHold[],
  { wait, beforeWriting }: { wait: boolean; beforeWriting: () => void },
): Promise<HoldOutcome> {
  return withClient(pool, async (client) => {
    const readAt = performance.now();
    const view = await firstFlight(client, holds, wait);
    const verdicts = planHolds(holds, view);
    const grants = verdicts.flatMap((v, n) => (v.kind === "granted" ? [{ ...v, hold: holds[n] as BatchedHold }] : []));
    if (grants.length === 0) await client.query("rollback");
    else {
      beforeWriting();
      await secondFlight(client, grants);
    }
    const seats = new Map<string, LockedSeat>(view.seats);
    for (const seat of grants.flatMap((g) => g.seats)) seats.set(seatKey(seat.eventId, seat.seatId), seat);
    const [terms] = view.terms.values();
    return {
      verdicts,
      seats: [...seats.values()],
      readAt,
      clockOffsetMs: terms ? terms.now.getTime() - view.clock : Number.NaN,
    };
  });
}

async function firstFlight(client: PoolClient, holds: readonly BatchedHold[], wait: boolean): Promise<BatchView> {
  const wanted = new Map<string, { eventId: string; seatId: string }>();
  for (const { eventId, seatIds } of holds) {
    for (const seatId of seatIds) wanted.set(seatKey(eventId, seatId), { eventId, seatId });
  }
  const keyed = holds.filter(hasKey);
  const repeated = holds.filter((hold) => hold.mayExist);
  const eventIds = [...new Set(holds.map((hold) => hold.eventId))];
  const results = await flight(client, [
    "begin",
    lockSeats([...wanted.values()], wait),
    readTerms(eventIds),
    ...(keyed.length > 0 ? [readKeys(keyed)] : []),
    ...(repeated.length > 0 ? [readMadeBookings(repeated)] : []),
  ]);
  const [, seats, terms] = results;
  const keys = keyed.length > 0 ? results[3] : undefined;
  const bookings = repeated.length > 0 ? results.at(-1) : undefined;
  return {
    seats: mapOf(seats, toLockedSeat, (seat) => seatKey(seat.eventId, seat.seatId)),
    keys: new Map(keys?.rows.map(toKeptAnswer)),
    bookings: mapOf(bookings, toMadeBooking, (booking) => booking.id),
    terms: mapOf(terms, toTerms, (t) => t.eventId),
    waited: wait,
    clock: Date.now(),
  };
}

async function secondFlight(client: PoolClient, grants: (Granted & { dropStaleKey: boolean })[]): Promise<void> {
  const seats = grants.flatMap((g) => g.seats);
  const stale = grants.flatMap(({ hold, dropStaleKey }) => (dropStaleKey && hasKey(hold) ? [hold] : []));
  const kept = grants.flatMap(({ hold, booking }) => (hasKey(hold) ? [{ hold, answer: booking }] : []));
  const results = await flight(client, [
    insertBookings(grants),
    insertItems(seats),
    takeSeats(seats),
    ...(stale.length > 0 ? [deleteStaleKeys(stale)] : []),
    ...(kept.length > 0 ? [insertKeys(kept)] : []),
    insertFacts(factsOfHolds(grants)),
    "commit",
  ]);
  if (results.at(-1)?.command !== "COMMIT") throw new RolledBackError();
}

function mapOf<T>(
  result: QueryResult | undefined,
  toItem: (row: QueryResult["rows"][number]) => T,
  keyOf: (item: T) => string,
) {
  return new Map(result?.rows.map(toItem).map((item): [string, T] => [keyOf(item), item]));
}
