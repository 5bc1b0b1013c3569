import assert from "node:assert/strict";
import { after, test } from "node:test";
import type { ServiceBroker } from "moleculer";
import { isChosen } from "#broker/chosen.ts";
import { Cluster, type Definition, until, untilServed } from "./support/cluster.ts";

const ACTIONS = ["a", "b", "c", "d", "e", "f", "g", "h"];
const work: Definition = {
  name: "work",
  actions: Object.fromEntries(ACTIONS.map((name) => [name, { access: "anyone", handler: () => name }])),
};
const cluster = new Cluster();
after(() => cluster.stop());

test("of the nodes that offer an action one is chosen, another for another action, and another when it has left", async () => {
  const start = async (id: string): Promise<[string, ServiceBroker]> => [
    id,
    await cluster.start(id, { services: [work] }),
  ];
  const nodes = new Map([await start("one"), await start("two"), await start("three")]);
  const chosen = (action: string) => [...nodes].filter(([, node]) => isChosen(node, action)).map(([id]) => id);
  for (const node of nodes.values()) await untilServed(node, "work.a", [...nodes.keys()]);
  const choices = ACTIONS.map((name) => chosen(`work.${name}`));
  for (const choice of choices) assert.equal(choice.length, 1);
  assert(new Set(choices.flat()).size > 1, "all is done by one node");

  const [[left = ""] = []] = choices;
  await nodes.get(left)?.stop();
  nodes.delete(left);
  await until("another to be chosen", () => chosen("work.a").length === 1);

  const outsider = await cluster.start("outsider");
  await untilServed(outsider, "work.a", [...nodes.keys()]);
  assert(!isChosen(outsider, "work.a"), "it does not offer it");
  assert(isChosen(outsider, "work.nothing"), "nobody else would be");
});
