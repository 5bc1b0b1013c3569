import assert from "node:assert/strict";
import type { LoadResult, RequestLine } from "../load/job.ts";
import { assertAnswered, BUYERS, openSale, openShop, sell, sold } from "../sale.ts";
import { type Effort, type Figure, ratio, repeated, type Scenario } from "../scenario.ts";
import { seatId } from "../seats.ts";
import type { BenchEvent } from "../shelf.ts";
import { load, type World } from "../world.ts";

export const SEATS = 20;
const IN_FLIGHT = 256;
/** A stampede lasts so many times as long as other loads. */
const LENGTH = 2;

/** A stampede for 20 seats: nearly everybody loses, and is told so at once. */
export const losers: Scenario = {
  name: "losers",
  what: "POST /api/bookings for 20 seats of one event, everybody wants all of them",
  async run(world: World, effort: Effort): Promise<Figure[]> {
    const sale = await openShop(world, effort);
    const { seconds } = effort;
    const measured = await repeated(effort, async () => {
      const spread = await openSale(world, sale, 50, 4_000 * effort.scale);
      const won = await sell(world, sale, spread, { pace: { closed: IN_FLIGHT }, seconds });
      const [event] = await openSale(world, sale, 1, SEATS);
      const job = {
        port: sale.node.port,
        tokens: sale.tokens,
        requests: stampede(event as BenchEvent),
        repeat: true,
        seconds: seconds * LENGTH,
      };
      const lost = await lostIn(world, await load({ ...job, pace: { closed: IN_FLIGHT } }), 0);
      const half = await load({ ...job, pace: { open: lost.refusedPerSecond / 2 } });
      await lostIn(world, half, lost.bookings);
      return { accepted: won.perSecond, refused: lost.refusedPerSecond, p99: half.refusalLatency.p99 };
    });
    await sale.node.stop();
    const { accepted, refused, p99 } = measured;
    return [
      { what: "accepted of `holds`, 256 in flight", unit: "bookings/s", values: accepted },
      { what: "refused, 256 in flight", unit: "refusals/s", values: refused },
      { what: "refused to accepted", unit: "×", values: ratio(refused, accepted), bar: { atLeast: 2 } },
      { what: "p99 at half the rate, open loop", unit: "ms", values: p99, bar: { atMost: 20 } },
    ];
  },
};

/** Everybody was answered, and whoever was not refused has what the database says. */
async function lostIn(world: World, result: LoadResult, before: number) {
  assertAnswered(result, [201, 409]);
  const bookings = before + (await sold(world, before, result)).accepted;
  assert(bookings > 0 && bookings * 2 <= SEATS, `${bookings} bookings of two seats for ${SEATS} seats`);
  return { bookings, refusedPerSecond: (result.statuses[409] ?? 0) / result.seconds };
}

export function stampede({ id }: BenchEvent): RequestLine[] {
  return Array.from({ length: BUYERS }, (_, token) => {
    const seatIds = [seatId(id, token % SEATS), seatId(id, (token + 1 + (token % 7)) % SEATS)];
    return { method: "POST", path: "/api/bookings", body: JSON.stringify({ eventId: id, seatIds }), token };
  });
}
