import { availableParallelism } from "node:os";
import { type Cluster, openCluster } from "../cluster.ts";
import { cpuReader } from "../meter/cpu-reader.ts";
import { metered, type Readings } from "../meter/metered.ts";
import { openSale, sell } from "../sale.ts";
import { type Effort, type Figure, ratio, repeated, type Scenario } from "../scenario.ts";
import type { World } from "../world.ts";

const NODES = [1, 2, 4] as const;
const EVENTS = 50;
const SEATS = 4_000;
/** The processes whose time is told, as meter and generator name them. */
const PROCESSES = ["gateway", "booking", "postgres", "kafka", "redis", "generator"] as const;

/** What more booking nodes win or lose; where all run on the same cores, they cannot win. */
export const cluster: Scenario = {
  name: "cluster",
  what: "POST /api/bookings, 2 seats, 50 events, a gateway and 1, 2 and 4 booking nodes, 256 in flight",
  async run(world: World, effort: Effort): Promise<Figure[]> {
    const measured = await repeated(effort, async () => {
      const found: Readings = {};
      for (const count of NODES) {
        const opened = await openCluster(world, effort, count);
        for (const [name, value] of Object.entries(await measure(world, effort, opened)))
          found[`${count} ${name}`] = value;
        await opened.stop();
      }
      return found;
    });
    return NODES.flatMap((count) => figuresOf(count, measured));
  },
};

async function measure(world: World, { seconds, scale }: Effort, cluster: Cluster): Promise<Readings> {
  const events = await openSale(world, cluster, EVENTS, Math.ceil(SEATS * scale));
  const read = cpuReader(world, { gateway: [cluster.node], booking: cluster.booking });
  const full = await metered(read, () => sell(world, cluster, events, { pace: { closed: 256 }, seconds }));
  const { accepted, perSecond, cpuSeconds } = full.result;
  const spent: Readings = { ...full.grown, generator: cpuSeconds };
  const half = await openSale(world, cluster, EVENTS, Math.ceil(SEATS * scale));
  const { latency } = await sell(world, cluster, half, { pace: { open: perSecond / 2 }, seconds });
  return {
    accepted: perSecond,
    p99: latency.p99,
    cores: (spent.machine as number) / full.seconds,
    own: PROCESSES.reduce((sum, name) => sum + (spent[name] as number), 0) / full.seconds,
    ...Object.fromEntries(PROCESSES.map((name) => [name, ((spent[name] as number) / accepted) * 1e6])),
  };
}

function figuresOf(count: number, measured: Record<string, number[]>): Figure[] {
  const who = `${count} booking node${count === 1 ? "" : "s"}`;
  const of = (name: string) => measured[`${count} ${name}`] as number[];
  const toOne = ratio(of("accepted"), measured["1 accepted"] as number[]);
  const told = (name: string) => (name === "booking" && count > 1 ? `all ${count} booking` : name);
  return [
    { what: `accepted, ${who}`, unit: "bookings/s", values: of("accepted") },
    ...(count === 1 ? [] : [{ what: `to one, ${who}`, unit: "×", values: toOne, bar: { atLeast: 0.8 } }]),
    { what: `p99 at half the rate, ${who}`, unit: "ms", values: of("p99") },
    { what: `cores busy of ${availableParallelism()}, ${who}`, unit: "cores", values: of("cores") },
    { what: `of them these processes, ${who}`, unit: "cores", values: of("own") },
    ...PROCESSES.map((name) => ({ what: `  of a booking, ${told(name)}`, unit: "µs", values: of(name) })),
  ];
}
