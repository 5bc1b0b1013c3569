import { openSale, openShop, sell } from "../sale.ts";
import { type Effort, type Figure, repeated, type Scenario } from "../scenario.ts";
import { load, type World } from "../world.ts";

const SEATS = 50_000;
const ANSWERS_A_SECOND = 5_000;

/** Everybody looks at the hall while others buy. */
export const map: Scenario = {
  name: "map",
  what: "GET availability of a 50,000-seat event, two bits a seat",
  async run(world: World, effort: Effort): Promise<Figure[]> {
    const sale = await openShop(world, effort);
    const { seconds, scale } = effort;
    const { bytes, perSecond, p99 } = await repeated(effort, async () => {
      const events = await openSale(world, sale, 1, SEATS * scale);
      await sell(world, sale, events, { pace: { closed: 64 }, seconds: 1 });
      const path = `/api/events/${events[0]?.id}/availability`;
      const requests = [{ method: "GET", path, accept: "application/octet-stream" } as const];
      const job = { port: sale.node.port, tokens: [], requests, repeat: true };
      const answer = await fetch(`http://127.0.0.1:${sale.node.port}${path}`, {
        headers: { accept: "application/octet-stream" },
      });
      const best = await load({ ...job, pace: { closed: 64 }, seconds });
      const rate = (best.statuses[200] ?? 0) / best.seconds;
      const open = await load({ ...job, pace: { open: ANSWERS_A_SECOND }, seconds });
      return { bytes: (await answer.arrayBuffer()).byteLength, perSecond: rate, p99: open.latency.p99 };
    });
    await sale.node.stop();
    return [
      { what: "size of an answer", unit: "bytes", values: bytes, bar: { atMost: 13_000 } },
      { what: "answers, 64 in flight", unit: "answers/s", values: perSecond, bar: { atLeast: ANSWERS_A_SECOND } },
      { what: `p99 at ${ANSWERS_A_SECOND}/s, open loop`, unit: "ms", values: p99, bar: { atMost: 20 } },
    ];
  },
};
