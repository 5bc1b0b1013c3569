import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { openSale, openShop, type Sale, sell } from "../sale.ts";
import { type Effort, type Figure, ratio, repeated, type Scenario } from "../scenario.ts";
import {
  clearShelf,
  expireInOneStatement,
  holdSeats,
  isAnyPending,
  putOnSale,
  sweepOf,
  withoutRelay,
} from "../shelf.ts";
import type { World } from "../world.ts";

const HOLDS = 100_000;
const EVENTS = 100;
const HOLDS_A_SECOND = 500;

/** All at once run out: how long the sweep takes beside one statement that does the same. */
export const expiry: Scenario = {
  name: "expiry",
  what: "100,000 holds of one seat on 100 events, all due at once",
  async run(world: World, effort: Effort): Promise<Figure[]> {
    const holds = Math.max(EVENTS, Math.round(HOLDS * effort.scale));
    /** Laying out takes some 5 s here for all; a machine may be slow. */
    const layingOutSeconds = 5 + Math.ceil(25 * effort.scale);
    const sale = await openShop(world, effort);
    const { one, quiet, busy } = await repeated(effort, async () => ({
      one: await oneStatement(),
      quiet: await swept(),
      busy: await sweptWhileSelling(sale),
    }));
    await sale.node.stop();
    return [
      { what: "one statement", unit: "s", values: one },
      { what: "sweep, quiet", unit: "s", values: quiet },
      { what: "sweep to statement, quiet", unit: "×", values: ratio(quiet, one), bar: { atMost: 3 } },
      { what: `sweep, with ${HOLDS_A_SECOND} holds/s`, unit: "s", values: busy },
      { what: "sweep to statement, with holds", unit: "×", values: ratio(busy, one), bar: { atMost: 5 } },
    ];

    async function oneStatement(): Promise<number> {
      return withoutRelay(world.db, async () => {
        await clearShelf(world.db);
        await holdAll(3_600);
        const began = performance.now();
        await expireInOneStatement(world.db);
        const took = performance.now() - began;
        // Its facts are made up: they leave before a relay finds them.
        await clearShelf(world.db);
        return took / 1_000;
      });
    }

    async function swept(): Promise<number> {
      await clearShelf(world.db);
      const due = await holdAll(layingOutSeconds);
      return untilSwept(world, due, holds);
    }

    async function sweptWhileSelling(sale: Sale): Promise<number> {
      const events = await openSale(world, sale, 50, 4_000);
      const due = await holdAll(layingOutSeconds);
      const end = new AbortController();
      const pace = { open: HOLDS_A_SECOND };
      const selling = sell(world, sale, events, { pace, seconds: 3_600, end: end.signal });
      const took = await untilSwept(world, due, holds);
      end.abort();
      await selling;
      return took;
    }

    /** Every seat of a hundred events held, by bookings that all fall due at one time, and that time. */
    async function holdAll(dueInSeconds: number): Promise<Date> {
      const due = new Date(Date.now() + dueInSeconds * 1_000);
      await holdSeats(world.db, await putOnSale(world.db, EVENTS, holds / EVENTS), due);
      assert(Date.now() < due.getTime(), "holds fell due before all were laid out");
      return due;
    }
  },
};

const PATIENCE_MS = 120_000;

/** Seconds from the first of so many expired bookings to the last, when all that belongs to them is as it must be. */
async function untilSwept({ db }: World, due: Date, holds: number): Promise<number> {
  await sleep(due.getTime() - Date.now());
  while (await isAnyPending(db, due)) {
    assert(Date.now() < due.getTime() + PATIENCE_MS, "not all holds were swept");
    await sleep(100);
  }
  const { expired, heldSeats, activeItems, seconds } = await sweepOf(db, due);
  assert.deepEqual({ expired, heldSeats, activeItems }, { expired: holds, heldSeats: 0, activeItems: 0 });
  return seconds;
}
