import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, before, test } from "node:test";
import type { Context, ServiceBroker } from "moleculer";
import { EventixError, errorCodeOf } from "#contracts/errors.ts";
import { Cluster, type Definition, failureOf, until, untilServed } from "./support/cluster.ts";

const heard: { node: string; payload: unknown }[] = [];

const echo = (node: string): Definition => ({
  name: `echo-${node}`,
  actions: {
    back: { access: "anyone", handler: (ctx: Context) => ({ node, params: ctx.params }) },
    refuse: {
      access: "anyone",
      handler: () => {
        throw new EventixError("SERVICE_UNAVAILABLE", { seatId: "s1" });
      },
    },
    break: {
      access: "anyone",
      handler: () => {
        throw new TypeError("a bug");
      },
    },
    grow: { access: "anyone", handler: (ctx: Context<{ bytes: number }>) => "y".repeat(ctx.params.bytes) },
  },
  events: {
    "seats.released": { handler: (ctx: Context) => heard.push({ node, payload: ctx.params }) },
  },
});

const cluster = new Cluster();
let a: ServiceBroker;
let b: ServiceBroker;

before(async () => {
  a = await cluster.start("a", { services: [echo("a")] });
  b = await cluster.start("b", { services: [echo("b")] });
  await untilServed(a, "echo-b.back", ["b"]);
  await untilServed(b, "echo-a.back", ["a"]);
});
after(() => cluster.stop());

test("nodes call each other both ways", async () => {
  assert.deepEqual(await a.call("echo-b.back", { n: 1 }), { node: "b", params: { n: 1 } });
  assert.deepEqual(await b.call("echo-a.back", { n: 2 }), { node: "a", params: { n: 2 } });
});

test("five hundred calls at once get each its own answer", async () => {
  const answers = await Promise.all(
    Array.from({ length: 500 }, (_, n) => a.call<{ params: { n: number } }, object>("echo-b.back", { n })),
  );
  assert.deepEqual(
    answers.map(({ params }) => params.n),
    Array.from({ length: 500 }, (_, n) => n),
  );
});

test("a refusal keeps type, code, data and retryable on its way to another node", async () => {
  const error = await failureOf(a.call("echo-b.refuse"));
  assert.equal(error.type, "SERVICE_UNAVAILABLE");
  assert.equal(error.code, 503);
  assert.deepEqual(error.data, { seatId: "s1" });
  assert.equal(error.retryable, true);
  assert.equal(errorCodeOf(error), "SERVICE_UNAVAILABLE");
});

test("an unknown error has no code of ours on another node", async () => {
  const error = await failureOf(a.call("echo-b.break"));
  assert.equal(errorCodeOf(error), "INTERNAL_ERROR");
  assert.notEqual(error.retryable, true);
});

test("a broadcast event reaches every node", async () => {
  await a.broadcast("seats.released", { eventId: "e1" });
  await until("both heard it", () => heard.length === 2);
  assert.deepEqual(heard.map(({ node }) => node).sort(), ["a", "b"]);
  assert.deepEqual(heard[0]?.payload, { eventId: "e1" });
});

test("a packet of 5 MB travels as a request and as a response", async () => {
  const text = randomBytes(2_500_000).toString("hex");
  const { params } = await a.call<{ params: { text: string } }, object>("echo-b.back", { text });
  assert.equal(params.text, text);
  const grown = await b.call<string, object>("echo-a.grow", { bytes: 5_000_000 });
  assert.equal(grown.length, 5_000_000);
});

test("small calls are answered while a packet of 40 MB is on its way to the same node", async () => {
  let isBulkDone = false;
  const bulk = a.call("echo-b.grow", { bytes: 1, padding: "x".repeat(40_000_000) }, { timeout: 30_000 }).then(() => {
    isBulkDone = true;
  });
  await a.call("echo-b.back", {});
  assert.equal(isBulkDone, false);
  await bulk;
});

test("a packet above 64 MB is refused by its sender, and others go on", async () => {
  const error = await failureOf(a.call("echo-b.back", { text: "x".repeat(65 * 1024 * 1024) }));
  assert.equal(error.type, "PACKET_TOO_LARGE");
  assert.notEqual(error.retryable, true);
  await a.call("echo-b.back", {});
});

test("a call to an action that nobody has fails at once", async () => {
  const error = await failureOf(a.call("nobody.here"));
  assert.equal(error.type, "SERVICE_NOT_FOUND");
});
