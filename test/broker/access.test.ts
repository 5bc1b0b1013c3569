import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Context, ServiceBroker } from "moleculer";
import { createKafka } from "#broker/kafka.client.ts";
import type { Caller } from "#contracts/caller.ts";
import { serviceCaller } from "#contracts/caller.ts";
import { Cluster, type Definition, failureOf, KAFKA_BROKERS, until, untilServed } from "./support/cluster.ts";

const counted: string[] = [];
const params = { n: { type: "number" } };
const guarded: Definition = {
  name: "guarded",
  actions: {
    open: { access: "anyone", handler: () => "done" },
    /** It looks at the signature itself. */
    signed: { access: "signed", handler: () => "done" },
    unsaid: { handler: () => "done" },
    personal: { access: "user", handler: () => "done" },
    catalog: { access: "catalog:write", params, handler: () => "done" },
    inner: { access: "internal", handler: () => "done" },
    counted: { access: "anyone", handler: (ctx: Context) => counted.push(ctx.requestID as string) },
    hidden: { visibility: "private", handler: () => "done" },
    viaHidden: {
      access: "anyone",
      handler(this: { actions: { hidden(params: object): unknown } }, _ctx: Context) {
        return this.actions.hidden({});
      },
    },
  },
};

const person = (...scopes: string[]): Caller => ({ id: "alice", organizer: "alice", scopes });
const REFUSED = { none: "UNAUTHORIZED", plain: "FORBIDDEN" };
const CALLERS = {
  none: undefined,
  plain: person(),
  catalog: person("catalog:write"),
  internal: serviceCaller("booking"),
};

/** What each caller is told: an error's type, or done. */
const TABLE: [string, Record<keyof typeof CALLERS, string>][] = [
  ["open", { none: "done", plain: "done", catalog: "done", internal: "done" }],
  ["signed", { none: "done", plain: "done", catalog: "done", internal: "done" }],
  ["unsaid", { none: REFUSED.none, plain: "done", catalog: "done", internal: "done" }],
  ["personal", { none: REFUSED.none, plain: "done", catalog: "done", internal: "done" }],
  ["catalog", { none: REFUSED.none, plain: REFUSED.plain, catalog: "done", internal: "done" }],
  ["inner", { none: REFUSED.none, plain: REFUSED.plain, catalog: REFUSED.plain, internal: "done" }],
];

const cluster = new Cluster();
let local: ServiceBroker;
let remote: ServiceBroker;

before(async () => {
  local = await cluster.start("local", { services: [guarded] });
  remote = await cluster.start("remote");
  await untilServed(remote, "guarded.open", ["local"]);
});
after(() => cluster.stop());

for (const [action, outcomes] of TABLE) {
  for (const [name, outcome] of Object.entries(outcomes)) {
    test(`guarded.${action} answers a caller with ${name} rights: ${outcome}`, async () => {
      const meta = { user: CALLERS[name as keyof typeof CALLERS] };
      for (const broker of [local, remote]) {
        const call = broker.call(`guarded.${action}`, { n: 1 }, { meta });
        assert.equal(outcome === "done" ? await call : (await failureOf(call)).type, outcome);
      }
    });
  }
}

test("a caller without rights learns nothing of the parameters", async () => {
  assert.equal((await failureOf(local.call("guarded.catalog", { n: "x" }))).type, "UNAUTHORIZED");
  const meta = { user: person("catalog:write") };
  assert.equal((await failureOf(local.call("guarded.catalog", { n: "x" }, { meta }))).type, "VALIDATION_ERROR");
});

test("a private action is called only by its own service", async () => {
  assert.equal(await remote.call("guarded.viaHidden"), "done");
  assert.equal((await failureOf(remote.call("guarded.hidden"))).type, "SERVICE_NOT_FOUND");
});

test("a call that says it comes from the node itself is not served: for those less is asked", async () => {
  const call = (id: string, sender: string) => ({
    ...{ ver: "5", sender, id, action: "guarded.counted", params: {}, meta: {}, headers: {} },
    ...{ timeout: 0, level: 1, tracing: null, parentID: null, requestID: id, caller: null, stream: false, seq: null },
  });
  const packets = [call("forged", "local"), call("honest", "remote")];
  const messages = packets.map((packet) => ({ headers: { cmd: "REQ" }, value: JSON.stringify(packet) }));
  const producer = createKafka({ brokers: KAFKA_BROKERS.split(","), clientId: "forger" }).producer();
  await producer.connect();
  await producer.send({ topic: `MOL-${cluster.namespace}.NODE.local`, messages });
  await producer.disconnect();
  await until("the honest one is served", () => counted.includes("honest"));
  assert.deepEqual(counted, ["honest"]);
});

test("Moleculer's own actions serve their own node's console, and others with a scope", async () => {
  assert.ok(await local.call("$node.list"));
  const asked = { nodeID: "local" };
  assert.equal((await failureOf(remote.call("$node.list", {}, asked))).type, "UNAUTHORIZED");
  assert.ok(await remote.call("$node.list", {}, { ...asked, meta: { user: person("ops:read") } }));
});
