import assert from "node:assert/strict";
import type { RequestLine } from "../load/job.ts";
import { BUYERS, openSale, openShop, sell } from "../sale.ts";
import { type Effort, type Figure, ratio, repeated, type Scenario } from "../scenario.ts";
import { seatId } from "../seats.ts";
import { type BenchEvent, countBookings } from "../shelf.ts";
import { load, type World } from "../world.ts";

export const SEATS = 20;
const IN_FLIGHT = 256;

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
      const requests = stampede(event as BenchEvent);
      const job = { port: sale.node.port, tokens: sale.tokens, requests, repeat: true };
      const lost = await load({ ...job, pace: { closed: IN_FLIGHT }, seconds });
      const refused = lost.statuses[409] ?? 0;
      const half = await load({ ...job, pace: { open: refused / lost.seconds / 2 }, seconds });
      const { bookings, oversold } = await countBookings(world.db);
      assert(bookings <= SEATS && oversold === 0, `${bookings} bookings for ${SEATS} seats`);
      return {
        accepted: won.perSecond,
        refused: refused / lost.seconds,
        p99: half.refusalLatency.p99,
        unanswered: lost.statuses[0] ?? 0,
      };
    });
    await sale.node.stop();
    const { accepted, refused, p99, unanswered } = measured;
    return [
      { what: "accepted of `holds`, 256 in flight", unit: "bookings/s", values: accepted },
      { what: "refused, 256 in flight", unit: "refusals/s", values: refused },
      { what: "refused to accepted", unit: "×", values: ratio(refused, accepted), bar: { atLeast: 2 } },
      { what: "unanswered", unit: "requests", values: unanswered, bar: { atMost: 0 } },
      { what: "p99 at half the rate, open loop", unit: "ms", values: p99, bar: { atMost: 20 } },
    ];
  },
};

export function stampede({ id }: BenchEvent): RequestLine[] {
  return Array.from({ length: BUYERS }, (_, token) => {
    const seatIds = [seatId(id, token % SEATS), seatId(id, (token + 1 + (token % 7)) % SEATS)];
    return { method: "POST", path: "/api/bookings", body: JSON.stringify({ eventId: id, seatIds }), token };
  });
}
