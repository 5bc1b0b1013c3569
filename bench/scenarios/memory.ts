import { setTimeout as sleep } from "node:timers/promises";
import { residentMb } from "../resident.ts";
import { openSale } from "../sale.ts";
import { type Effort, type Figure, repeated, type Scenario } from "../scenario.ts";
import type { World } from "../world.ts";

const EVENTS = 200;
const SEATS = 5_000;

/** What it costs to remember a million seats. */
export const memory: Scenario = {
  name: "memory",
  what: "200 events of 5,000 seats awake on one node",
  async run(world: World, effort: Effort): Promise<Figure[]> {
    const { idle, grown } = await repeated(effort, async () => {
      const sale = { node: await world.node("gateway,booking"), tokens: world.tokens(16) };
      await openSale(world, sale, 1, 100);
      const idle = await settledMb(sale.node.pid);
      await openSale(world, sale, EVENTS, SEATS * effort.scale);
      const awake = await settledMb(sale.node.pid);
      await sale.node.stop();
      return { idle, grown: awake - idle };
    });
    return [
      { what: "resident, one small event awake", unit: "MB", values: idle },
      { what: "above that with all events awake", unit: "MB", values: grown, bar: { atMost: 100 } },
    ];
  },
};

/** After a pause in which the collector may give memory back. */
async function settledMb(pid: number): Promise<number> {
  await sleep(2_000);
  return residentMb(pid);
}
