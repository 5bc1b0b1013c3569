import { BUYERS, soldTo, warm } from "../sale.ts";
import { type Effort, type Figure, ratio, repeated, type Scenario } from "../scenario.ts";
import { ownPairs } from "../seats.ts";
import { clearShelf, deadlocks, putOnSale } from "../shelf.ts";
import { type BenchNode, load, type World } from "../world.ts";

const SEATS = 200_000;
/** Of each of the two streams of buyers, who all want the seats next in turn. */
const IN_FLIGHT = 32;

/** What it costs that an event has two actors while it moves from node to node, and what locks in Redis buy then. */
export const twoActors: Scenario = {
  name: "two-actors",
  what: "POST /api/bookings, 2 seats, one event, each pair of seats wanted twice at once: by one actor, and by two",
  async run(world: World, effort: Effort): Promise<Figure[]> {
    const tokens = world.tokens(BUYERS);
    const figures: Figure[] = [];
    for (const locks of ["on", "off"]) figures.push(...(await measure(locks)));
    return figures;

    async function measure(locks: string): Promise<Figure[]> {
      const before = await deadlocks(world.db);
      // They do not know of each other, so that each has an actor for every event.
      const start = (NAMESPACE: string) => world.node("gateway,booking", { NAMESPACE, SEAT_LOCKS: locks });
      const nodes = await Promise.all(["one-half", "other-half"].map(start));
      const [one, other] = nodes as [BenchNode, BenchNode];
      await stampede([one, other]);
      const { alone, together } = await repeated(effort, async () => ({
        alone: await stampede([one, one]),
        together: await stampede([one, other]),
      }));
      // What a connection has to report is counted when it ends.
      await Promise.all(nodes.map((node) => node.stop()));
      const met = (await deadlocks(world.db)) - before;
      const named = `SEAT_LOCKS=${locks}`;
      return [
        { what: `one actor, ${named}`, unit: "bookings/s", values: alone },
        { what: `two actors, ${named}`, unit: "bookings/s", values: together },
        { what: `two to one, ${named}`, unit: "×", values: ratio(together, alone), bar: { atLeast: 0.3 } },
        { what: `deadlocks, ${named}`, unit: "", values: [met], bar: { atMost: 0 } },
      ];
    }

    /** Bookings a second, counted in the database. Throws when a seat was sold twice, or a buyer was told what is not so. */
    async function stampede(nodes: BenchNode[]): Promise<number> {
      await clearShelf(world.db);
      const events = await putOnSale(world.db, 1, Math.ceil(SEATS * effort.scale));
      for (const node of new Set(nodes)) await warm({ node, tokens }, events);
      const job = { tokens, requests: ownPairs(events, BUYERS, 1), pace: { closed: IN_FLIGHT }, repeat: false };
      const results = await Promise.all(nodes.map(({ port }) => load({ ...job, port, seconds: effort.seconds })));
      const bookings = await soldTo(world, 0, results);
      return bookings / Math.max(...results.map(({ seconds }) => seconds));
    }
  },
};
