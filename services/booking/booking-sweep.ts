import type { Pool } from "pg";
import { appendFacts } from "#mixins/outbox.repository.ts";
import { retryWaitMs } from "#mixins/retryable.ts";
import { sqlState, type Tx, transaction } from "#mixins/transaction.ts";
import { applyToLocked, type Released } from "./booking.changes.ts";
import { findExpired, lockRunOut } from "./booking.repository.ts";
import { withoutLockedSeats } from "./booking-change.repository.ts";
import type { Booking } from "./booking-view.ts";

/** The first chunk of a run is small, since mostly little is due; each next one is twice as large. */
const CHUNK_FIRST = 100;
const CHUNK_MAX = 5_000;
/** A run ends after so many chunks, so that it can be stopped; the next one goes on. */
const CHUNKS_MAX = 100;
/** A run that has left out more than these ends too: it remembers each, and tells the database of all in each chunk. */
const LEFT_OUT_MAX = 5_000;
const LOCK_TIMEOUT = "55P03";

export interface Swept {
  /** Due bookings that were looked at: as many as asked for while there are more. */
  found: number;
  expired: number;
  /** Ids of those found that could not be expired: they would be found again. */
  leftOut: string[];
  /** Seats that came free; committed. */
  released: Released[];
  /** Why single bookings cannot be expired, now or ever: faults of ours. */
  failures: unknown[];
}

/**
 * Expires everything that is due, in chunks, earliest first; any number of nodes may do it at once. `announce` is told
 * of each chunk's seats after its commit. What cannot be expired is left out of the chunks that follow, for the next run.
 * Throws, after all others are expired, why a booking cannot be.
 */
export async function sweepAll(pool: Pool, announce: (released: Released[]) => void): Promise<{ expired: number }> {
  let total = 0;
  let failure: unknown;
  const without: string[] = [];
  for (let [chunks, limit] = [0, CHUNK_FIRST]; chunks < CHUNKS_MAX; chunks++) {
    const { found, expired, leftOut, released, failures } = await sweepDue(pool, { limit, without });
    total += expired;
    failure ??= failures[0];
    without.push(...leftOut);
    if (expired > 0) announce(released);
    if (found < limit || without.length > LEFT_OUT_MAX) break;
    limit = Math.min(2 * limit, CHUNK_MAX);
  }
  if (failure !== undefined) throw failure;
  return { expired: total };
}

/**
 * Expires at most `limit` due bookings, the earliest first, in one transaction. When seats stay locked by another, those that
 * are free, without another wait; nor is any waited for when there are some to be left out already, so that a sweep waits once.
 * When a booking cannot be expired, in halves: what fails alone is left to a later sweep, and holds up nothing else.
 */
export async function sweepDue(
  pool: Pool,
  { limit, without = [] }: { limit: number; without?: readonly string[] },
): Promise<Swept> {
  let due: string[] = [];
  try {
    return await transaction(pool, async (tx) => {
      const bookings = await findExpired(tx, limit, without);
      due = bookings.map(({ id }) => id);
      return without.length === 0 ? expire(tx, bookings) : expireFree(tx, bookings);
    });
  } catch (error) {
    if (due.length === 0 || !isOfOne(error)) throw error;
    return { ...(await sweepThese(pool, due)), found: due.length };
  }
}

/**
 * Expires these bookings, each only if it is PENDING and has run out, in one transaction of their own: what a hold needs that
 * meets another's run-out hold. Never call it with seats locked. Returns what came free. Throws what Postgres says.
 */
export function expireBookings(pool: Pool, bookingIds: readonly string[]): Promise<Released[]> {
  return transaction(pool, async (tx) => (await expire(tx, await lockRunOut(tx, bookingIds, true))).released);
}

async function expire(tx: Tx, bookings: readonly Booking[]): Promise<Swept> {
  const commands = bookings.map(
    ({ id, eventId }) => ({ bookingId: id, eventId, on: "deadline.passes", cause: {} }) as const,
  );
  const { publish, released } = await applyToLocked(tx, bookings, commands);
  await appendFacts(tx, publish);
  return { found: bookings.length, expired: bookings.length, leftOut: [], released, failures: [] };
}

/** Expires those of the locked bookings whose seats no other has locked. */
async function expireFree(tx: Tx, bookings: readonly Booking[]): Promise<Swept> {
  const free = new Set(await withoutLockedSeats(tx, bookings));
  const leftOut = bookings.filter((booking) => !free.has(booking)).map(({ id }) => id);
  return { ...(await expire(tx, [...free])), found: bookings.length, leftOut };
}

/** Whether it may be the fault of one booking alone: of its locked seats, or of rows that no repeat mends. */
const isOfOne = (error: unknown): boolean => isLockTimeout(error) || retryWaitMs(error) === undefined;
const isLockTimeout = (error: unknown): boolean => sqlState(error) === LOCK_TIMEOUT;

/** Expires what it can of the bookings, without waiting for locks; what another has locked meanwhile is left out with the rest. */
async function sweepThese(pool: Pool, ids: readonly string[]): Promise<Swept> {
  try {
    return await transaction(pool, async (tx) => {
      const bookings = await lockRunOut(tx, ids, false);
      const locked = new Set(bookings.map(({ id }) => id));
      const swept = await expireFree(tx, bookings);
      return { ...swept, leftOut: [...swept.leftOut, ...ids.filter((id) => !locked.has(id))] };
    });
  } catch (error) {
    if (!isOfOne(error)) throw error;
    return sweepHalves(pool, ids, error);
  }
}

/** Expires each half of the bookings that failed together with `error`. */
async function sweepHalves(pool: Pool, ids: readonly string[], error: unknown): Promise<Swept> {
  const swept: Swept = { found: ids.length, expired: 0, leftOut: [], released: [], failures: [] };
  if (ids.length < 2) return { ...swept, leftOut: [...ids], failures: isLockTimeout(error) ? [] : [error] };
  const middle = Math.ceil(ids.length / 2);
  for (const half of [ids.slice(0, middle), ids.slice(middle)]) {
    const { expired, leftOut, released, failures } = await sweepThese(pool, half);
    swept.expired += expired;
    swept.leftOut.push(...leftOut);
    swept.released.push(...released);
    swept.failures.push(...failures);
  }
  return swept;
}
