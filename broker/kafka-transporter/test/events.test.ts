import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import type { Context } from "moleculer";
import { Cluster, type TestNode, untilServed } from "./support/cluster.ts";
import { failureOf, until } from "./support/until.ts";

interface Heard {
  by: string;
  params: unknown;
  meta: unknown;
  type: string | null;
}
const heard: Heard[] = [];

/** A service that listens; its group is its name. */
const listener = (name: string, node: string) => ({
  name,
  actions: { there: () => true },
  events: {
    "order.*": ({ params, meta, eventType }: Context) => {
      heard.push({ by: `${name}@${node}`, params, meta, type: eventType });
    },
  },
});

const cluster = new Cluster();
let sender: TestNode;
before(async () => {
  sender = await cluster.start("sender");
  for (const node of ["a", "b"]) {
    await cluster.start(node, { services: [listener("mail", node), listener("stock", node)] });
  }
  await untilServed(sender, "mail.there", ["a", "b"]);
  await untilServed(sender, "stock.there", ["a", "b"]);
});
after(() => cluster.stop());
beforeEach(() => {
  heard.length = 0;
});

const listeners = () => heard.map(({ by }) => by).sort();
const untilHeard = (count: number) => until(`${count} to hear it`, () => heard.length >= count);
/** Packets of one sender arrive in their order: what was sent before this has been heard. */
const settle = async () => {
  const before = heard.length;
  await sender.broker.broadcast("order.last");
  await until(
    "the last event",
    () => heard.filter(({ params }) => params === undefined || params === null).length >= 4,
  );
  return before;
};

test("an emitted event reaches one node of each group, with its params and meta", async () => {
  const params = { id: 7, lines: [{ seat: "A1" }] };
  await sender.broker.emit("order.paid", params, { meta: { user: { id: "alice" } } });
  await untilHeard(2);
  await settle();
  const paid = heard.filter((one) => one.params);
  assert.deepEqual(paid.map(({ by }) => by.split("@")[0]).sort(), ["mail", "stock"]);
  for (const one of paid) {
    assert.deepEqual([one.params, one.meta, one.type], [params, { user: { id: "alice" } }, "emit"]);
  }
});

test("emitted events are shared out among the nodes of a group", async () => {
  for (let n = 1; n <= 10; n++) await sender.broker.emit("order.paid", { n });
  await untilHeard(20);
  assert.equal(heard.length, 20);
  assert.deepEqual([...new Set(listeners())], ["mail@a", "mail@b", "stock@a", "stock@b"]);
});

test("an event for one group reaches no other", async () => {
  await sender.broker.emit("order.paid", { n: 1 }, { groups: ["stock"] });
  await untilHeard(1);
  await settle();
  assert.deepEqual(
    heard.filter(({ params }) => params).map(({ by }) => by.split("@")[0]),
    ["stock"],
  );
});

test("a broadcast reaches every node and every group, one for a group its nodes only", async () => {
  await sender.broker.broadcast("order.gone", { n: 1 });
  await untilHeard(4);
  assert.deepEqual(listeners(), ["mail@a", "mail@b", "stock@a", "stock@b"]);
  assert.equal(heard[0]?.type, "broadcast");
  heard.length = 0;
  await sender.broker.broadcast("order.gone", { n: 2 }, { groups: ["mail"] });
  await untilHeard(2);
  assert.deepEqual(listeners(), ["mail@a", "mail@b"]);
});

test("a local broadcast leaves no node", async () => {
  await sender.broker.broadcastLocal("order.gone", { n: 1 });
  assert.equal(await settle(), 0);
});

test("events of one node are heard in their order", async () => {
  const numbers = Array.from({ length: 200 }, (_, n) => n);
  for (const n of numbers) sender.broker.broadcast("order.counted", { n });
  await untilHeard(4 * numbers.length);
  const byOne = heard.filter(({ by }) => by === "mail@a").map(({ params }) => (params as { n: number }).n);
  assert.deepEqual(byOne, numbers);
});

test("an event above the limit fails where it is emitted", async () => {
  const narrow = await cluster.start("narrow", { limits: { maxPacketBytes: 100_000 } });
  await untilServed(narrow, "mail.there", ["a", "b"]);
  const error = await failureOf(narrow.broker.emit("order.paid", { text: "x".repeat(100_000) }, { throwError: true }));
  assert.equal(error.type, "PACKET_TOO_LARGE");
});
