import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, test } from "node:test";
import type { Context, Endpoint, ServiceBroker } from "moleculer";
import { BY_EVENT, ByEventStrategy } from "#broker/strategies/by-event.strategy.ts";
import { Cluster, type Definition, untilServed } from "./support/cluster.ts";

const NODES = ["n1", "n2", "n3"];
const EVENTS: string[] = Array.from({ length: 60 }, () => randomUUID());

const booking = (node: string): Definition => ({
  name: "booking",
  actions: {
    create: { access: "anyone", strategy: BY_EVENT, handler: () => node },
    get: { access: "anyone", handler: () => node },
  },
});

const cluster = new Cluster();
const nodes = new Map<string, ServiceBroker>();
let outsider: ServiceBroker;

before(async () => {
  outsider = await cluster.start("outsider");
  for (const id of NODES) nodes.set(id, await cluster.start(id, { services: [booking(id)] }));
  for (const broker of [outsider, ...nodes.values()]) await untilServed(broker, "booking.create", NODES);
});
after(() => cluster.stop());

const placesSeenBy = (broker: ServiceBroker, events = EVENTS): Promise<string[]> =>
  Promise.all(events.map((eventId) => broker.call<string, object>("booking.create", { eventId })));

test("every node sends an event's calls to the same node, whether it serves them itself or not", async () => {
  const places = await placesSeenBy(outsider);
  for (const broker of nodes.values()) assert.deepEqual(await placesSeenBy(broker), places);
  assert.deepEqual([...new Set(places)].sort(), NODES);
});

test("the letter case of an event's id does not matter", async () => {
  const upper = EVENTS.map((id) => id.toUpperCase());
  assert.deepEqual(await placesSeenBy(outsider, upper), await placesSeenBy(outsider));
});

test("other actions are served by the node that asks, when it can", async () => {
  for (const [id, broker] of nodes) assert.equal(await broker.call("booking.get"), id);
  const answers = await Promise.all(Array.from({ length: 9 }, () => outsider.call("booking.get")));
  assert.deepEqual([...new Set(answers)].sort(), NODES);
});

test("without an eventId the node that asks comes first", async () => {
  assert.equal(await nodes.get("n2")?.call("booking.create", {}), "n2");
});

test("only the events of a node that leaves move", async () => {
  const before = await placesSeenBy(outsider);
  await nodes.get("n3")?.stop();
  await untilServed(outsider, "booking.create", ["n1", "n2"]);
  const after = await placesSeenBy(outsider);
  for (const [i, place] of before.entries()) {
    if (place === "n3") assert.notEqual(after[i], "n3");
    else assert.equal(after[i], place);
  }
});

test("events spread evenly, and a newcomer takes only its share", () => {
  const strategy = new ByEventStrategy(undefined as never, undefined as never);
  const endpoints = (n: number) => Array.from({ length: n }, (_, i) => ({ id: `node-${i}` }) as Endpoint);
  const place = (list: Endpoint[], eventId: string) => strategy.select(list, { params: { eventId } } as Context).id;
  const events = Array.from({ length: 8_000 }, (_, i) => `00000000-0000-4000-8000-${String(i).padStart(12, "0")}`);
  const four = events.map((id) => place(endpoints(4), id));
  const five = events.map((id) => place(endpoints(5), id));
  const moved = four.filter((node, i) => node !== five[i]).length;
  assert.equal(moved, five.filter((node) => node === "node-4").length);
  for (let n = 0; n < 4; n++) {
    const share = four.filter((node) => node === `node-${n}`).length / events.length;
    assert.ok(Math.abs(share - 0.25) < 0.03, `node-${n} has ${share}`);
  }
});
