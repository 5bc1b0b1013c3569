import { setTimeout as sleep } from "node:timers/promises";
import type { LoadResult, RequestLine } from "../load/job.ts";
import { residentMb } from "../resident.ts";
import { BUYERS, openSale, openShop, type Sale, sell } from "../sale.ts";
import { type Effort, type Figure, ratio, repeated, type Scenario } from "../scenario.ts";
import { ownPairs } from "../seats.ts";
import type { World } from "../world.ts";

const EVENTS = 50;
const TIMES_CAPACITY = 3;
/** The load lasts so many times as long as others. */
const LENGTH = 4;
/** Laid out for each second of the load; each arrival wants two of its own. */
const SEATS_A_SECOND = 48_000;
/** Pairs of seats that are kept for the time after. */
const WISHES_AFTER = 2_000;
/** What a hold may take when all is well again. */
const NORMAL_MS = 60;

/** Three times as many come as can be served: most are told to come back, the others are served as ever. */
export const overload: Scenario = {
  name: "overload",
  what: "holds arrive at three times the rate that can be served",
  async run(world: World, effort: Effort): Promise<Figure[]> {
    const sale = await openShop(world, effort);
    const seconds = effort.seconds * LENGTH;
    const measured = await repeated(effort, async () => {
      const calm = await openSale(world, sale, EVENTS, 4_000 * effort.scale);
      const best = await sell(world, sale, calm, { pace: { closed: 256 }, seconds: effort.seconds });
      const events = await openSale(world, sale, EVENTS, Math.ceil((SEATS_A_SECOND * seconds) / EVENTS) + 100);
      const requests = ownPairs(events, BUYERS, 0.95);
      const memory = watchMemory(sale.node.pid, seconds);
      const flood = await sell(world, sale, events, {
        pace: { open: best.perSecond * TIMES_CAPACITY },
        seconds,
        requests: requests.slice(WISHES_AFTER),
      });
      const backAfter = await untilNormal(sale, requests.slice(0, WISHES_AFTER));
      return {
        best: best.perSecond,
        arrived: countOf(flood) / seconds,
        accepted: flood.perSecond,
        servedP99: flood.latency.p99,
        refusedP99: flood.refusalLatency.p99,
        wrongly: countOf(flood) - (flood.statuses[201] ?? 0) - (flood.statuses[503] ?? 0) + flood.withoutRetryAfter,
        grown: await memory,
        backAfter,
        generatorCpu: flood.cpuSeconds / flood.seconds,
      };
    });
    await sale.node.stop();
    const { best, arrived, accepted, servedP99, refusedP99, wrongly, grown, backAfter, generatorCpu } = measured;
    return [
      { what: "accepted at its best, 256 in flight", unit: "bookings/s", values: best },
      { what: "arrived in the flood", unit: "requests/s", values: arrived },
      { what: "accepted in the flood", unit: "bookings/s", values: accepted },
      { what: "of its best", unit: "×", values: ratio(accepted, best), bar: { atLeast: 0.6 } },
      { what: "p99 of the accepted", unit: "ms", values: servedP99 },
      { what: "p99 of the refused", unit: "ms", values: refusedP99, bar: { atMost: 100 } },
      { what: "neither 201 nor 503 with Retry-After", unit: "answers", values: wrongly, bar: { atMost: 0 } },
      { what: "memory, second half over first", unit: "×", values: grown, bar: { atMost: 1.2 } },
      { what: "back to normal after", unit: "s", values: backAfter, bar: { atMost: 2 } },
      { what: "generator's own processor time", unit: "cores", values: generatorCpu },
    ];
  },
};

const countOf = ({ statuses }: LoadResult): number => Object.values(statuses).reduce((sum, n) => sum + n, 0);

/** The most memory of the second half of so many seconds, as a share of the most of the first. */
async function watchMemory(pid: number, seconds: number): Promise<number> {
  const halves = [0, 0];
  const began = performance.now();
  for (let share = 0; share < 1; share = (performance.now() - began) / 1_000 / seconds) {
    const half = share < 0.5 ? 0 : 1;
    halves[half] = Math.max(halves[half] as number, residentMb(pid));
    await sleep(100);
  }
  return (halves[1] as number) / (halves[0] as number);
}

/** Seconds until ten holds in a row are granted as fast as ever. */
async function untilNormal({ node, tokens }: Sale, wishes: readonly RequestLine[]): Promise<number> {
  const began = performance.now();
  for (let [inRow, next] = [0, 0]; inRow < 10; next++) {
    const asked = performance.now();
    const response = await fetch(`http://127.0.0.1:${node.port}/api/bookings`, {
      method: "POST",
      headers: { authorization: `Bearer ${tokens[0]}`, "content-type": "application/json" },
      body: wishes[next]?.body ?? null,
    });
    await response.text();
    inRow = response.status === 201 && performance.now() - asked < NORMAL_MS ? inRow + 1 : 0;
    if (response.status !== 201) await sleep(20);
  }
  return (performance.now() - began) / 1_000;
}
