import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { ceilingOfOnes } from "../ceiling/ceiling.ts";
import { openSale, openShop, sell } from "../sale.ts";
import { type Effort, type Figure, ratio, repeated, type Scenario } from "../scenario.ts";
import type { World } from "../world.ts";

/** The whole way of a booking, from the REST hold to its ticket in the database; every payment succeeds at once. */
export const saga: Scenario = {
  name: "saga",
  what: "REST hold to booking.confirmed committed, 50 events, all services on one node",
  async run(world: World, effort: Effort): Promise<Figure[]> {
    const sale = await openShop(world, effort, "gateway,catalog,booking,payment");
    const { seconds, scale } = effort;
    // What the warm-up left to payment is worked off before these are confirmed.
    await sold({ closed: 64 });
    const { ceiling, confirmed, p99 } = await repeated(effort, async () => {
      const ceiling = await ceilingOfOnes(world, seconds / 2);
      const full = await sold({ closed: 64 });
      const half = await sold({ open: full.perSecond / 2 });
      return { ceiling, confirmed: full.perSecond, p99: half.p99 };
    });
    await sale.node.stop();
    return [
      { what: "ceiling (a)", unit: "bookings/s", values: ceiling },
      { what: "confirmed, 64 in flight", unit: "bookings/s", values: confirmed },
      { what: "of ceiling (a)", unit: "×", values: ratio(confirmed, ceiling), bar: { atLeast: 0.4 } },
      { what: "hold to confirmed, p99 at half the rate", unit: "ms", values: p99, bar: { atMost: 500 } },
    ];

    async function sold(pace: { closed: number } | { open: number }): Promise<{ perSecond: number; p99: number }> {
      const events = await openSale(world, sale, 50, 4_000 * scale);
      await sell(world, sale, events, { pace, seconds });
      return confirmedOf(world);
    }
  },
};

const PATIENCE_MS = 60_000;

/** Waits until every booking is confirmed; the database's own clock tells how fast that was. */
async function confirmedOf({ db }: World): Promise<{ perSecond: number; p99: number }> {
  for (const end = Date.now() + PATIENCE_MS; ; await sleep(100)) {
    const { rows } = await db.query(`
      select count(*) filter (where status = 'PENDING')::int as pending,
             count(*) filter (where status = 'CONFIRMED')::int as confirmed,
             extract(epoch from max(updated_at) - min(created_at))::float8 as seconds,
             percentile_cont(0.99) within group (order by extract(epoch from updated_at - created_at) * 1000) as p99
      from bookings`);
    const { pending, confirmed, seconds, p99 } = rows[0];
    if (pending === 0) return { perSecond: confirmed / seconds, p99 };
    assert(Date.now() < end, `${pending} bookings are still pending`);
  }
}
