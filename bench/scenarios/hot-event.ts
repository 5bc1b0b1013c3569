import { ceilingOfOnes } from "../ceiling/ceiling.ts";
import { openSale, openShop, sell } from "../sale.ts";
import { type Effort, type Figure, ratio, repeated, type Scenario } from "../scenario.ts";
import { ownPairs } from "../seats.ts";
import { clearShelf, putOnSale } from "../shelf.ts";
import type { World } from "../world.ts";

const SEATS = 200_000;

/** Everybody wants the same event: one mailbox, one actor's memory of 200,000 seats. */
export const hotEvent: Scenario = {
  name: "hot-event",
  what: "POST /api/bookings, 2 seats, one event of 200,000 seats",
  async run(world: World, effort: Effort): Promise<Figure[]> {
    const sale = await openShop(world, effort);
    const { seconds, scale } = effort;
    const { ceiling, at64, cold } = await repeated(effort, async () => {
      const ceiling = await ceilingOfOnes(world, seconds / 2);
      const cold = await firstAnswer();
      const events = await openSale(world, sale, 1, SEATS * scale);
      const { perSecond } = await sell(world, sale, events, { pace: { closed: 64 }, seconds });
      return { ceiling, at64: perSecond, cold };
    });
    await sale.node.stop();
    return [
      { what: "ceiling (a)", unit: "bookings/s", values: ceiling },
      { what: "accepted, 64 in flight", unit: "bookings/s", values: at64 },
      { what: "of ceiling (a), 64 in flight", unit: "×", values: ratio(at64, ceiling), bar: { atLeast: 1.3 } },
      { what: "first answer of a sleeping event", unit: "ms", values: cold, bar: { atMost: 1_000 } },
    ];

    async function firstAnswer(): Promise<number> {
      await clearShelf(world.db);
      const events = await putOnSale(world.db, 1, SEATS * scale);
      const requests = ownPairs(events, 1).slice(0, 1);
      return (await sell(world, sale, events, { pace: { closed: 1 }, seconds: 30, requests })).latency.max;
    }
  },
};
