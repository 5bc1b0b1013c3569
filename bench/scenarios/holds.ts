import { ceilingOfOnes } from "../ceiling/ceiling.ts";
import { BUYERS, openSale, openShop, sell } from "../sale.ts";
import { type Effort, type Figure, ratio, repeated, type Scenario } from "../scenario.ts";
import { clearShelf, countFacts, putOnSale } from "../shelf.ts";
import type { World } from "../world.ts";

const EVENTS = 50;
const SEATS = 4_000;

/** Two seats a hold over 50 events, payment not running: the hot path from the socket to the commit. */
export const holds: Scenario = {
  name: "holds",
  what: "POST /api/bookings, 2 seats, 50 events, relay on, payment not running",
  async run(world: World, effort: Effort): Promise<Figure[]> {
    const { seconds, scale } = effort;
    const { cold } = await repeated(effort, async () => ({ cold: await firstSeconds() }));
    const sale = await openShop(world, effort);
    const { ceiling, at64, at256, left, p99 } = await repeated(effort, async () => {
      const ceiling = await ceilingOfOnes(world, seconds / 2);
      const [at64, at256] = [await closed(64), await closed(256)];
      const left = await countFacts(world.db);
      const events = await openSale(world, sale, EVENTS, SEATS * scale);
      const half = await sell(world, sale, events, { pace: { open: Math.max(at64, at256) / 2 }, seconds });
      return { ceiling, at64, at256, left, p99: half.latency.p99 };
    });
    await sale.node.stop();
    return [
      { what: "ceiling (a)", unit: "bookings/s", values: ceiling },
      { what: "accepted, 64 in flight", unit: "bookings/s", values: at64 },
      { what: "of ceiling (a), 64 in flight", unit: "×", values: ratio(at64, ceiling), bar: { atLeast: 1.2 } },
      { what: "accepted, 256 in flight", unit: "bookings/s", values: at256 },
      { what: "of ceiling (a), 256 in flight", unit: "×", values: ratio(at256, ceiling), bar: { atLeast: 1.5 } },
      { what: "facts not relayed right after that", unit: "rows", values: left },
      { what: "p99 at half the best rate, open loop", unit: "ms", values: p99, bar: { atMost: 60 } },
      { what: "accepted by a node that has just started, 64 in flight", unit: "bookings/s", values: cold },
    ];

    /** No code is compiled, no token known, no event awake. */
    async function firstSeconds(): Promise<number> {
      await clearShelf(world.db);
      const events = await putOnSale(world.db, EVENTS, SEATS * scale);
      const fresh = { node: await world.node("gateway,booking"), tokens: world.tokens(BUYERS) };
      const { perSecond } = await sell(world, fresh, events, { pace: { closed: 64 }, seconds });
      await fresh.node.stop();
      return perSecond;
    }

    async function closed(inFlight: number): Promise<number> {
      const events = await openSale(world, sale, EVENTS, SEATS * scale);
      return (await sell(world, sale, events, { pace: { closed: inFlight }, seconds })).perSecond;
    }
  },
};
