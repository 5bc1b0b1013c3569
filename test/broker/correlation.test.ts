import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Context, ServiceBroker } from "moleculer";
import { currentCorrelation, withCorrelation } from "#broker/correlation.ts";
import { Cluster, type Definition, until, untilServed } from "./support/cluster.ts";

interface Line {
  msg: string;
  correlationId?: string;
  nodeID?: string;
}

const lines: Line[] = [];
const log = (text: string) => lines.push(JSON.parse(text));

const front: Definition = {
  name: "front",
  actions: {
    ask: {
      access: "anyone",
      async handler(this: { logger: { info(text: string): void } }, ctx: Context) {
        this.logger.info("front works");
        return ctx.call("back.answer");
      },
    },
  },
};
const back: Definition = {
  name: "back",
  actions: {
    answer: {
      access: "anyone",
      async handler(this: { logger: { info(text: string): void } }, ctx: Context) {
        await new Promise((resolve) => setTimeout(resolve, 5));
        this.logger.info("back works");
        await ctx.broadcast("told", {});
        return [ctx.requestID, currentCorrelation()];
      },
    },
  },
};
const ear: Definition = {
  name: "ear",
  events: {
    told: {
      handler(this: { logger: { info(text: string): void } }) {
        this.logger.info("ear works");
      },
    },
  },
};

const cluster = new Cluster();
let a: ServiceBroker;

before(async () => {
  a = await cluster.start("a", { services: [front, ear], log });
  await cluster.start("b", { services: [back], log });
  await untilServed(a, "back.answer", ["b"]);
});
after(() => cluster.stop());

const nodesThatLogged = (correlationId: string) =>
  lines
    .filter((line) => line.msg.endsWith(" works") && line.correlationId === correlationId)
    .map(({ nodeID, msg }) => `${nodeID}: ${msg}`);

test("one correlation id is in the log lines of a call on all nodes it passes", async () => {
  assert.deepEqual(await a.call("front.ask", {}, { requestID: "order-1" }), ["order-1", "order-1"]);
  await until("the event was heard", () => nodesThatLogged("order-1").length === 3);
  assert.deepEqual(nodesThatLogged("order-1"), ["a: front works", "b: back works", "a: ear works"]);
});

test("calls at the same time keep their ids apart", async () => {
  const ids = Array.from({ length: 20 }, (_, n) => `apart-${n}`);
  const seen = await Promise.all(ids.map((requestID) => a.call("front.ask", {}, { requestID })));
  assert.deepEqual(
    seen,
    ids.map((id) => [id, id]),
  );
});

test("a call made outside of a context belongs to the work around it", async () => {
  assert.deepEqual(await withCorrelation("sweep-1", () => a.call("front.ask")), ["sweep-1", "sweep-1"]);
  assert.equal(currentCorrelation(), undefined);
});

test("a call without an id gets one", async () => {
  const [id, current] = (await a.call("front.ask")) as string[];
  assert.match(String(id), /^[0-9a-f-]{36}$/);
  assert.equal(current, id);
});
