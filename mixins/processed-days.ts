import type { Pool } from "pg";
import {
  type Day,
  dayOf,
  daysAfter,
  dropDay,
  makeDay,
  pruneDefault,
  readDays,
  takeUpkeep,
} from "./processed-days.repository.ts";
import { type Tx, transaction } from "./transaction.ts";

/** Topics keep seven days; two more for whoever reads late. */
const KEPT_DAYS = 9;
/** So many days are made beforehand: it may fail for as long before facts go to the default partition. */
const DAYS_AHEAD = 3;

export interface KeptDays {
  made: Day[];
  dropped: Day[];
  /** Rows deleted from the default partition. */
  pruned: number;
}

/**
 * Keeps processed_events in days: makes today's partition and the next three, and drops those whose facts are older than nine
 * days, a whole table at once instead of millions of rows.
 *
 * A fact whose id is of no such day (no uuid v7, a clock that was far off, a fact relayed days late) is in the default
 * partition, and is deleted there nine days after it was applied. So every fact is known as applied for nine days at the least.
 *
 * Any number of nodes may do this at once. Consumers wait for it some milliseconds, at most 200. `now` is the database's clock
 * unless it is given. Throws the first failure after all else was tried.
 */
export async function keepDays(pool: Pool, now?: Date): Promise<KeptDays> {
  const found = await readDays(pool);
  const time = now ?? found.now;
  const keptSince = daysAfter(time, -KEPT_DAYS);
  const wanted = Array.from({ length: DAYS_AHEAD + 1 }, (_, n) => dayOf(daysAfter(time, n)));
  const missing = wanted.filter((day) => !found.days.includes(day));
  const old = found.days.filter((day) => day < dayOf(keptSince));
  const failures: unknown[] = [];
  const attempt = async (day: Day, change: (tx: Tx) => Promise<boolean>): Promise<Day[]> => {
    try {
      return (await transaction(pool, async (tx) => (await takeUpkeep(tx)) && change(tx))) ? [day] : [];
    } catch (error) {
      failures.push(error);
      return [];
    }
  };
  const made: Day[] = [];
  for (const day of missing) made.push(...(await attempt(day, (tx) => makeDay(tx, day))));
  const dropped: Day[] = [];
  for (const day of old) dropped.push(...(await attempt(day, (tx) => dropDay(tx, day, keptSince))));
  const pruned = await pruneDefault(pool, keptSince);
  if (failures.length > 0) throw failures[0];
  return { made, dropped, pruned };
}
