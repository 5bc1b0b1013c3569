import { ceilingOfOnes } from "../ceiling/ceiling.ts";
import { BUYERS, openSale, openShop, type Sale, sell } from "../sale.ts";
import { type Effort, type Figure, repeated, type Scenario } from "../scenario.ts";
import { ownPairs } from "../seats.ts";
import type { World } from "../world.ts";

const EVENTS = [1, 10, 50, 200];
const SEATS = [1_000, 10_000, 50_000, 200_000];
const IN_FLIGHT = [16, 64, 256, 512];
/** Laid out in all, whatever the number of events. */
const SEATS_IN_ALL = 200_000;

/** How what a node sells changes with the number of events, seats and buyers; `cluster` has the nodes. */
export const growth: Scenario = {
  name: "growth",
  what: "holds accepted a second, as events, seats of the one event that is sold and buyers grow",
  async run(world: World, effort: Effort): Promise<Figure[]> {
    const alone = await openShop(world, effort);
    const { seconds, scale } = effort;
    const rates = await repeated(effort, async () => {
      const found: Record<string, number> = { "ceiling (a)": await ceilingOfOnes(world, seconds / 2) };
      for (const events of EVENTS) found[`${events} events, 64 in flight`] = await spread(alone, events, 64);
      for (const seats of SEATS) found[`event of ${seats} seats, 64 in flight`] = await oneByOne(alone, seats);
      for (const inFlight of IN_FLIGHT) found[`50 events, ${inFlight} in flight`] = await spread(alone, 50, inFlight);
      return found;
    });
    await alone.node.stop();
    return Object.entries(rates).map(([what, values]) => ({ what, unit: "bookings/s", values }));

    async function spread(sale: Sale, events: number, inFlight: number): Promise<number> {
      const shelf = await openSale(world, sale, events, Math.ceil((SEATS_IN_ALL * scale) / events));
      return (await sell(world, sale, shelf, { pace: { closed: inFlight }, seconds })).perSecond;
    }

    /** Event after event, so that however small they are, one is sold at a time and all of the time. */
    async function oneByOne(sale: Sale, seats: number): Promise<number> {
      const shelf = await openSale(world, sale, Math.ceil((SEATS_IN_ALL * scale) / seats), seats);
      const requests = shelf.flatMap((event) => ownPairs([event], BUYERS));
      return (await sell(world, sale, shelf, { pace: { closed: 64 }, seconds, requests })).perSecond;
    }
  },
};
