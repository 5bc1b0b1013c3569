import assert from "node:assert/strict";
import { assertAnswered, openSale, openShop, type Sale, sell } from "../sale.ts";
import { type Effort, type Figure, repeated, type Scenario } from "../scenario.ts";
import type { BenchEvent } from "../shelf.ts";
import { load, type World } from "../world.ts";

const SEATS = 50_000;
const ANSWERS_A_SECOND = 5_000;
const HOLDS_A_SECOND = 20;

/** Everybody looks at the hall while others buy, so that it is never the same for longer than it may be kept. */
export const map: Scenario = {
  name: "map",
  what: `GET availability of a 50,000-seat event, two bits a seat, beside ${HOLDS_A_SECOND} holds/s`,
  async run(world: World, effort: Effort): Promise<Figure[]> {
    const sale = await openShop(world, effort);
    const { seconds, scale } = effort;
    const { bytes, perSecond, unserved, p99 } = await repeated(effort, async () => {
      const events = await openSale(world, sale, 1, SEATS * scale);
      const path = `/api/events/${events[0]?.id}/availability`;
      const requests = [{ method: "GET", path, accept: "application/octet-stream" } as const];
      const job = { port: sale.node.port, tokens: [], requests, repeat: true };
      const answer = await fetch(`http://127.0.0.1:${sale.node.port}${path}`, {
        headers: { accept: "application/octet-stream" },
      });
      const [best, open] = await whileSelling(sale, events, async () => [
        await load({ ...job, pace: { closed: 64 }, seconds }),
        await load({ ...job, pace: { open: ANSWERS_A_SECOND }, seconds }),
      ]);
      for (const looked of [best, open]) assertAnswered(looked, [200, 503]);
      const rate = (best.statuses[200] ?? 0) / best.seconds;
      return {
        bytes: (await answer.arrayBuffer()).byteLength,
        perSecond: rate,
        unserved: open.statuses[503] ?? 0,
        p99: open.latency.p99,
      };
    });
    await sale.node.stop();
    return [
      { what: "size of an answer", unit: "bytes", values: bytes, bar: { atMost: 13_000 } },
      { what: "answers, 64 in flight", unit: "answers/s", values: perSecond, bar: { atLeast: ANSWERS_A_SECOND } },
      { what: `refused at ${ANSWERS_A_SECOND}/s, open loop`, unit: "answers", values: unserved, bar: { atMost: 0 } },
      { what: `p99 at ${ANSWERS_A_SECOND}/s, open loop`, unit: "ms", values: p99, bar: { atMost: 20 } },
    ];

    async function whileSelling<T>(sale: Sale, events: BenchEvent[], look: () => Promise<T>): Promise<T> {
      const end = new AbortController();
      // A machine that cannot show the map so often refuses buyers too.
      const buyers = { pace: { open: HOLDS_A_SECOND }, seconds: 3_600, answers: [201, 503], end: end.signal };
      const selling = sell(world, sale, events, buyers);
      const looked = await look();
      end.abort();
      const { accepted } = await selling;
      assert(accepted > 0, "nobody bought meanwhile");
      return looked;
    }
  },
};
