import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { openSale, openShop, type Sale, sell } from "../sale.ts";
import { type Effort, type Figure, ratio, repeated, type Scenario } from "../scenario.ts";
import { clearShelf, expireInOneStatement, holdSeats, pendingDue, putOnSale } from "../shelf.ts";
import type { World } from "../world.ts";

const HOLDS = 100_000;
const EVENTS = 100;
const HOLDS_A_SECOND = 500;

/** All at once run out: how long the sweep takes beside one statement that does the same. */
export const expiry: Scenario = {
  name: "expiry",
  what: "100,000 due holds of one seat on 100 events",
  async run(world: World, effort: Effort): Promise<Figure[]> {
    const holds = Math.max(EVENTS, Math.round(HOLDS * effort.scale));
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
      await clearShelf(world.db);
      await fill(60);
      const began = performance.now();
      await expireInOneStatement(world.db);
      return (performance.now() - began) / 1_000;
    }

    async function swept(): Promise<number> {
      await clearShelf(world.db);
      await fill(1);
      return untilSwept(world);
    }

    async function sweptWhileSelling(sale: Sale): Promise<number> {
      const events = await openSale(world, sale, 50, 4_000);
      await fill(1);
      const selling = sell(world, sale, events, { pace: { open: HOLDS_A_SECOND }, seconds: effort.seconds });
      const took = await untilSwept(world);
      await selling;
      return took;
    }

    async function fill(dueInSeconds: number): Promise<void> {
      const events = await putOnSale(world.db, EVENTS, holds / EVENTS);
      await holdSeats(world.db, events, dueInSeconds);
    }
  },
};

const PATIENCE_MS = 120_000;

/** Seconds from the first expired booking to the last. */
async function untilSwept({ db }: World): Promise<number> {
  const all = await pendingDue(db);
  let began: number | undefined;
  for (const end = Date.now() + PATIENCE_MS; ; await sleep(10)) {
    const left = await pendingDue(db);
    if (left < all) began ??= performance.now();
    if (left === 0) return (performance.now() - (began as number)) / 1_000;
    assert(Date.now() < end, `${left} holds were not swept`);
  }
}
