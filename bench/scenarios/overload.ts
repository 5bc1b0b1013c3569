import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import type { LoadResult, RequestLine } from "../load/job.ts";
import { residentMb } from "../resident.ts";
import { assertAnswered, BUYERS, openSale, openShop, type Sale, sell, sold } from "../sale.ts";
import { type Effort, type Figure, ratio, repeated, type Scenario } from "../scenario.ts";
import { ownPairs } from "../seats.ts";
import { countBookings } from "../shelf.ts";
import { load, type World } from "../world.ts";

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
/** All has to be well again so soon after the last arrival, or the run fails. */
const BACK_WITHIN_MS = 60_000;

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
      const { bookings: before } = await countBookings(world.db);
      const memory = watchMemory(sale.node.pid, seconds);
      const flood = await load({
        port: sale.node.port,
        tokens: sale.tokens,
        requests: requests.slice(WISHES_AFTER),
        pace: { open: best.perSecond * TIMES_CAPACITY },
        seconds,
        repeat: false,
      });
      const after = await untilNormal(sale, requests.slice(0, WISHES_AFTER), flood.lastDue);
      assertAnswered(flood, [201, 503]);
      const granted = flood.statuses[201] ?? 0;
      await sold(world, before, { ...flood, statuses: { 201: granted + after.granted } });
      return {
        best: best.perSecond,
        arrived: countOf(flood) / seconds,
        accepted: granted / flood.seconds,
        servedP99: flood.latency.p99,
        refusedP99: flood.refusalLatency.p99,
        withoutRetryAfter: flood.withoutRetryAfter,
        ...(await memory),
        backAfter: after.seconds,
        generatorCpu: flood.cpuSeconds / flood.seconds,
      };
    });
    await sale.node.stop();
    const { best, arrived, accepted, servedP99, refusedP99, backAfter, generatorCpu } = measured;
    return [
      { what: "accepted at its best, 256 in flight", unit: "bookings/s", values: best },
      { what: "arrived in the flood", unit: "requests/s", values: arrived },
      { what: "accepted in the flood", unit: "bookings/s", values: accepted },
      { what: "of its best", unit: "×", values: ratio(accepted, best), bar: { atLeast: 0.6 } },
      { what: "p99 of the accepted", unit: "ms", values: servedP99 },
      { what: "p99 of the refused", unit: "ms", values: refusedP99, bar: { atMost: 100 } },
      { what: "refused without Retry-After", unit: "answers", values: measured.withoutRetryAfter, bar: { atMost: 0 } },
      { what: "memory before the flood", unit: "MB", values: measured.calm },
      { what: "memory, second half over first", unit: "×", values: measured.grown, bar: { atMost: 1.2 } },
      { what: "back to normal after the last arrival", unit: "s", values: backAfter, bar: { atMost: 2 } },
      { what: "generator's own processor time", unit: "cores", values: generatorCpu },
    ];
  },
};

const countOf = ({ statuses }: LoadResult): number => Object.values(statuses).reduce((sum, n) => sum + n, 0);

/** Memory at first in MB, and the most of the second half of so many seconds as a share of the most of the first. */
async function watchMemory(pid: number, seconds: number): Promise<{ calm: number; grown: number }> {
  const calm = residentMb(pid);
  const halves = [0, 0];
  const began = performance.now();
  for (let share = 0; share < 1; share = (performance.now() - began) / 1_000 / seconds) {
    const half = share < 0.5 ? 0 : 1;
    halves[half] = Math.max(halves[half] as number, residentMb(pid));
    await sleep(100);
  }
  return { calm, grown: (halves[1] as number) / (halves[0] as number) };
}

/** Until ten holds in a row are granted as fast as ever: seconds since the flood's last arrival, and how many were granted. */
async function untilNormal({ node, tokens }: Sale, wishes: readonly RequestLine[], lastArrival: number) {
  let granted = 0;
  for (let [inRow, next] = [0, 0]; inRow < 10; next++) {
    assert(Date.now() < lastArrival + BACK_WITHIN_MS, "holds are not granted as fast as before the flood");
    const asked = performance.now();
    const response = await fetch(`http://127.0.0.1:${node.port}/api/bookings`, {
      method: "POST",
      headers: { authorization: `Bearer ${tokens[0]}`, "content-type": "application/json" },
      body: wishes[next]?.body ?? null,
    });
    await response.text();
    if (response.status === 201) granted++;
    inRow = response.status === 201 && performance.now() - asked < NORMAL_MS ? inRow + 1 : 0;
    if (response.status !== 201) await sleep(20);
  }
  return { granted, seconds: (Date.now() - lastArrival) / 1_000 };
}
