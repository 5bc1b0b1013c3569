import { changedOnes } from "../ceiling/ceiling.ts";
import { type Effort, type Figure, ratio, repeated, type Scenario } from "../scenario.ts";
import type { World } from "../world.ts";

const UNIQUE_ITEM = "booking_items_one_active";
const asItIs = (statement: string): string | undefined => statement;

/** What Postgres guards a booking by, each taken away in turn from a booking a transaction. */
export const guards: Scenario = {
  name: "guards",
  what: "bookings a second of Postgres alone without one of its guards, to those with all; 8 clients",
  async run(world: World, effort: Effort): Promise<Figure[]> {
    const sold = (change = asItIs, settings: readonly string[] = []) =>
      changedOnes(world, effort.seconds, change, settings);
    const { all, unlocked, unindexed, untold, unsynced } = await repeated(effort, async () => ({
      all: await sold(),
      unlocked: await sold((statement) => statement.replace("for update", "")),
      unindexed: await withoutIndex(world, sold),
      untold: await sold((statement) => (statement.startsWith("insert into outbox") ? undefined : statement)),
      unsynced: await sold(asItIs, ["synchronous_commit=off"]),
    }));
    const without = (what: string, values: number[]): Figure => ({ what, unit: "×", values: ratio(values, all) });
    return [
      { what: "with all guards", unit: "bookings/s", values: all },
      without("without `for update` on the seats", unlocked),
      without("without the unique index on active seats", unindexed),
      without("without the outbox, two facts a booking", untold),
      without("without waiting for the disk at COMMIT", unsynced),
    ];
  },
};

async function withoutIndex<T>({ db }: World, work: () => Promise<T>): Promise<T> {
  const { rows } = await db.query("select indexdef from pg_indexes where indexname = $1", [UNIQUE_ITEM]);
  await db.query(`drop index ${UNIQUE_ITEM}`);
  try {
    return await work();
  } finally {
    await db.query(rows[0].indexdef);
  }
}
