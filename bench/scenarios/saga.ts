import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { ceilingOfOnes } from "../ceiling/ceiling.ts";
import type { RequestLine } from "../load/job.ts";
import { BUYERS, openSale, openShop, sell } from "../sale.ts";
import { type Effort, type Figure, ratio, repeated, type Scenario } from "../scenario.ts";
import { ownPairs } from "../seats.ts";
import type { World } from "../world.ts";

/** The whole way of a booking, from the REST hold to its ticket in the database; every payment succeeds at once. */
export const saga: Scenario = {
  name: "saga",
  what: "REST hold to booking.confirmed committed, 50 events, all services on one node",
  async run(world: World, effort: Effort): Promise<Figure[]> {
    const sale = await openShop(world, effort, "gateway,catalog,booking,payment");
    const { seconds, scale } = effort;
    // What the warm-up left to payment is worked off before these are confirmed.
    await confirmed({ closed: 64 });
    const { ceiling, rate, p99 } = await repeated(effort, async () => {
      const ceiling = await ceilingOfOnes(world, seconds / 2);
      const full = await confirmed({ closed: 64 });
      const half = await confirmed({ open: full.perSecond / 2 });
      return { ceiling, rate: full.perSecond, p99: half.p99 };
    });
    await sale.node.stop();
    return [
      { what: "ceiling (a)", unit: "bookings/s", values: ceiling },
      { what: "confirmed, 64 in flight", unit: "bookings/s", values: rate },
      { what: "of ceiling (a)", unit: "×", values: ratio(rate, ceiling), bar: { atLeast: 0.4 } },
      { what: "hold due to confirmed, p99 at half the rate", unit: "ms", values: p99, bar: { atMost: 500 } },
    ];

    async function confirmed(pace: { closed: number } | { open: number }): Promise<{ perSecond: number; p99: number }> {
      const events = await openSale(world, sale, 50, 4_000 * scale);
      const requests = ownPairs(events, BUYERS);
      const { accepted, due } = await sell(world, sale, events, { pace, seconds, requests, times: true });
      const endedAt = await untilConfirmed(world, accepted);
      const waits = due.map((at, n) => (endedAt.get(firstSeat(requests[n] as RequestLine)) as number) - at);
      const from = due.reduce((a, b) => Math.min(a, b));
      const to = [...endedAt.values()].reduce((a, b) => Math.max(a, b));
      return {
        perSecond: accepted / ((to - from) / 1_000),
        p99: waits.sort((a, b) => a - b).at(-Math.ceil(waits.length / 100)) ?? Number.NaN,
      };
    }
  },
};

const firstSeat = ({ body = "{}" }: RequestLine): string => JSON.parse(body).seatIds[0];

/** To count takes Postgres some 30 ms; the rows themselves say when they were confirmed. */
const LOOK_EVERY_MS = 1_000;
/** Nothing is confirmed while payment works off what the warm-up has sold. */
const PATIENCE_MS = 120_000;

/** Waits until all of so many bookings are confirmed; when each was, in ms since the epoch, by its seats. */
async function untilConfirmed({ db }: World, bookings: number): Promise<Map<string, number>> {
  let fewest = Number.POSITIVE_INFINITY;
  for (let end = 0; ; await sleep(LOOK_EVERY_MS)) {
    const { rows } = await db.query("select count(*)::int as pending from bookings where status = 'PENDING'");
    const { pending } = rows[0];
    if (pending === 0) break;
    if (pending < fewest) end = Date.now() + PATIENCE_MS;
    fewest = Math.min(fewest, pending);
    assert(Date.now() < end, `${pending} bookings stay pending`);
  }
  const { rows } = await db.query(`
    select i.seat_id, b.id, (extract(epoch from b.updated_at) * 1000)::float8 as at
    from bookings b join booking_items i on i.event_id = b.event_id and i.booking_id = b.id where b.status = 'CONFIRMED'`);
  assert.equal(new Set(rows.map(({ id }) => id)).size, bookings, "every booking is confirmed");
  return new Map(rows.map(({ seat_id, at }) => [seat_id, at]));
}
