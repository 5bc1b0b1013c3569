import assert from "node:assert/strict";
import { NODE_FLAGS } from "#stack/node-process.ts";
import { ceilingOfBatches } from "../ceiling/ceiling.ts";
import { JobProcess } from "../job-process.ts";
import type { InProcessJob, InProcessResult } from "../load/in-process.ts";
import { BUYERS } from "../sale.ts";
import { type Effort, type Figure, ratio, repeated, type Scenario } from "../scenario.ts";
import { seatId } from "../seats.ts";
import { type BenchEvent, clearShelf, countBookings, putOnSale } from "../shelf.ts";
import type { World } from "../world.ts";

const IN_FLIGHT = 256;
const WARM_UPS = 2;
/** Two a booking, and half are left: more than can be sold in that time. */
const SEATS_A_SECOND = 80_000;

/** The actor and the committer alone: no HTTP, no tokens, nobody between the caller and the event. */
export const booking: Scenario = {
  name: "booking",
  what: "booking.create by Moleculer in one process, 2 seats, one event, 256 in flight",
  async run(world: World, effort: Effort): Promise<Figure[]> {
    const seats = Math.round(SEATS_A_SECOND * effort.seconds);
    const node = await startNode(world);
    for (let warming = 0; warming < WARM_UPS * effort.scale; warming++) await sold();
    const { ceiling, accepted } = await repeated(effort, async () => ({
      ceiling: await ceilingOfBatches(world, effort.seconds / 2),
      accepted: await sold(),
    }));
    await node.stop();
    return [
      { what: "ceiling (b)", unit: "bookings/s", values: ceiling },
      { what: "accepted, 256 in flight", unit: "bookings/s", values: accepted },
      { what: "of ceiling (b)", unit: "×", values: ratio(accepted, ceiling), bar: { atLeast: 0.4 } },
    ];

    async function sold(): Promise<number> {
      await clearShelf(world.db);
      const [event] = (await putOnSale(world.db, 1, seats)) as [BenchEvent];
      await node.run({ holds: [{ ...pair(event, 0), user: "buyer" }], inFlight: 1, seconds: 1 });
      const { granted, refused, seconds } = await node.run({
        holds: Array.from({ length: seats / 4 }, (_, n) => ({
          ...pair(event, 2 + 2 * n),
          user: `buyer-${n % BUYERS}`,
        })),
        inFlight: IN_FLIGHT,
        seconds: effort.seconds,
      });
      const { bookings, oversold } = await countBookings(world.db);
      assert(bookings === granted + 1 && refused === 0 && oversold === 0, `${bookings} bookings, ${granted} granted`);
      return granted / seconds;
    }
  },
};

const pair = ({ id }: BenchEvent, n: number) => ({ eventId: id, seatIds: [seatId(id, n), seatId(id, n + 1)] });

const startNode = (world: World): Promise<JobProcess<InProcessJob, InProcessResult>> =>
  JobProcess.start(world, "in-process", "The node in the buyers' process", {
    env: world.nodeEnvironment({ SERVICES: "booking" }),
    execArgv: NODE_FLAGS,
    serialization: "advanced",
  });
