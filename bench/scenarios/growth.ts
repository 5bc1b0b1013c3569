import { ceilingOfOnes } from "../ceiling/ceiling.ts";
import { BUYERS, openSale, openShop, type Sale, type Sold, sell } from "../sale.ts";
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
    const measured = await repeated(effort, async () => {
      const found: Record<string, number> = { "ceiling (a)": await ceilingOfOnes(world, seconds / 2) };
      const put = (what: string, { perSecond, latency }: Sold) =>
        Object.assign(found, { [what]: perSecond, [`${what}, p50`]: latency.p50, [`${what}, p99`]: latency.p99 });
      for (const events of EVENTS) put(`${events} events, 64 in flight`, await spread(alone, events, 64));
      for (const seats of SEATS) put(`event of ${seats} seats, 64 in flight`, await oneByOne(alone, seats));
      for (const inFlight of IN_FLIGHT) put(`50 events, ${inFlight} in flight`, await spread(alone, 50, inFlight));
      return found;
    });
    await alone.node.stop();
    const unitOf = (what: string) => (/, p\d\d$/.test(what) ? "ms" : "bookings/s");
    return Object.entries(measured).map(([what, values]) => ({ what, unit: unitOf(what), values }));

    async function spread(sale: Sale, events: number, inFlight: number): Promise<Sold> {
      const shelf = await openSale(world, sale, events, Math.ceil((SEATS_IN_ALL * scale) / events));
      return sell(world, sale, shelf, { pace: { closed: inFlight }, seconds });
    }

    /** Event after event, so that however small they are, one is sold at a time and all of the time. */
    async function oneByOne(sale: Sale, seats: number): Promise<Sold> {
      const shelf = await openSale(world, sale, Math.ceil((SEATS_IN_ALL * scale) / seats), seats);
      const requests = shelf.flatMap((event) => ownPairs([event], BUYERS));
      return sell(world, sale, shelf, { pace: { closed: 64 }, seconds, requests });
    }
  },
};
