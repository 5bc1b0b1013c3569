import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Context } from "moleculer";
import { inboxTopic } from "../topics.ts";
import { Cluster, type TestNode, untilServed, write } from "./support/cluster.ts";
import { failureOf, until } from "./support/until.ts";

/** The calls that wait at b, by their ids. */
const waiting: string[] = [];
const service = {
  name: "b",
  actions: {
    never: (ctx: Context) => {
      waiting.push(ctx.id);
      return new Promise(() => {});
    },
  },
};

const cluster = new Cluster();
let a: TestNode;
let b: TestNode;
before(async () => {
  a = await cluster.start("a", { limits: { pieceTimeoutMs: 300 } });
  b = await cluster.start("b", { services: [service], limits: { pieceTimeoutMs: 300 } });
  await untilServed(a, "b.never", ["b"]);
  await until("b to know a", () => b.broker.registry.nodes.has("a"));
});
after(() => cluster.stop());

/** A call that has reached b and has no time-out, and its id. */
async function pendingCall() {
  waiting.length = 0;
  const failure = failureOf(a.broker.call("b.never", {}, { timeout: 0 }));
  return { failure, id: await until("the call to arrive", () => waiting[0]) };
}

/** The first of two pieces, whose second is lost. */
const firstPiece = (cmd: string, call: object) => ({
  headers: { cmd, piece: `${crypto.randomUUID()} 0 2`, call: JSON.stringify(call) },
  value: "half of it",
});

test("a lost piece of an answer is soon a retryable error at the caller", async () => {
  const { failure, id } = await pendingCall();
  await write(inboxTopic(cluster.prefix, "a"), [firstPiece("RES", { id, from: "b" })]);
  const { type, code, retryable } = await failure;
  assert.deepEqual([type, code, retryable], ["PACKET_LOST", 503, true]);
  assert.match(a.said.join("\n"), /Dropped a packet RES from b: a piece did not come: 1 of 2 pieces missing/);
});

test("a lost piece of a call is soon a retryable error at the caller", async () => {
  const { failure, id } = await pendingCall();
  await write(inboxTopic(cluster.prefix, "b"), [firstPiece("REQ", { id, from: "a" })]);
  const { type, retryable } = await failure;
  assert.deepEqual([type, retryable], ["PACKET_LOST", true]);
});

test("who is told of a loss is a node that is known, and what says nothing of a call is dropped", async () => {
  b.said.length = 0;
  const pieces = [
    firstPiece("REQ", { id: "1", from: "stranger" }),
    firstPiece("EVENT", {}),
    firstPiece("REQ", { id: 7 }),
  ];
  await write(inboxTopic(cluster.prefix, "b"), pieces);
  await until("all to be dropped", () => b.said.filter((line) => line.includes("Dropped a packet")).length === 3);
  assert.deepEqual(
    b.said.filter((line) => /Unable to send/.test(line)),
    [],
  );
});
