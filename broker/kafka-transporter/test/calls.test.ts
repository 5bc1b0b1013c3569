import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, before, test } from "node:test";
import moleculer, { type BrokerOptions, type Context, Errors } from "moleculer";
import { Cluster, type TestNode, untilServed } from "./support/cluster.ts";
import { failureOf } from "./support/until.ts";

const ANSWER_MAX_BYTES = 1_000_000;

const echo = (node: string) => ({
  name: `echo-${node}`,
  actions: {
    back: (ctx: Context) => ({ node, params: ctx.params }),
    meta(ctx: Context<object, { hops: string[] }>) {
      ctx.meta.hops = [...ctx.meta.hops, node];
    },
    through: (ctx: Context<{ action: string }>) => ctx.call(ctx.params.action, { from: node }),
    refuse() {
      throw new Errors.MoleculerRetryableError("Not now.", 503, "TOO_EARLY", { seconds: 3 });
    },
    break() {
      throw new TypeError("a bug");
    },
    never: () => new Promise(() => {}),
    grow: (ctx: Context<{ bytes: number }>) => "y".repeat(ctx.params.bytes),
  },
});
const shared = (node: string) => ({ name: "shared", actions: { who: () => node } });

/** Moleculer's types do not have them. */
interface Untyped {
  Middlewares: { Transmit: Record<"Encryption" | "Compression", (...options: unknown[]) => unknown> };
}

const cluster = new Cluster();
let a: TestNode;
let b: TestNode;
before(async () => {
  a = await cluster.start("a", { services: [echo("a"), shared("a")] });
  b = await cluster.start("b", { services: [echo("b")] });
  await cluster.start("c", { services: [echo("c"), shared("c")], limits: { maxPacketBytes: ANSWER_MAX_BYTES } });
  await untilServed(a, "echo-b.back", ["b"]);
  await untilServed(a, "echo-c.back", ["c"]);
  await untilServed(b, "echo-a.back", ["a"]);
  await untilServed(b, "shared.who", ["a", "c"]);
});
after(() => cluster.stop());

const VALUES = { a: "Hello", b: 1000, c: true, d: { e: 123.45, f: [1, 2, 3], g: null }, h: "žluťoučký 漢字 🎫" };

test("nodes call each other both ways, and values come as they went", async () => {
  assert.deepEqual(await a.broker.call("echo-b.back", VALUES), { node: "b", params: VALUES });
  assert.deepEqual(await b.broker.call("echo-a.back", VALUES), { node: "a", params: VALUES });
});

test("meta goes with a call and comes back with its answer", async () => {
  const meta = { hops: ["here"], user: VALUES };
  await a.broker.call("echo-b.meta", {}, { meta });
  assert.deepEqual(meta, { hops: ["here", "b"], user: VALUES });
});

test("a call within a call goes back to the node that asked", async () => {
  const answer = await a.broker.call("echo-b.through", { action: "echo-a.back" });
  assert.deepEqual(answer, { node: "a", params: { from: "b" } });
});

test("five hundred calls at once get each its own answer", async () => {
  const numbers = Array.from({ length: 500 }, (_, n) => n);
  const answers = await Promise.all(
    numbers.map((n) => a.broker.call<{ params: { n: number } }, object>("echo-b.back", { n })),
  );
  assert.deepEqual(
    answers.map(({ params }) => params.n),
    numbers,
  );
});

test("an error keeps its class, code, type, data and retryable on its way, and says where it was", async () => {
  const error = await failureOf(a.broker.call("echo-b.refuse"));
  assert.ok(error instanceof Errors.MoleculerRetryableError);
  assert.deepEqual([error.message, error.code, error.type], ["Not now.", 503, "TOO_EARLY"]);
  assert.deepEqual([error.data, error.retryable], [{ seconds: 3 }, true]);
  assert.equal((error as unknown as { nodeID: string }).nodeID, "b");
});

test("an error of no known class comes with its name and message", async () => {
  const error = await failureOf(a.broker.call("echo-b.break"));
  assert.deepEqual([error.name, error.message], ["TypeError", "a bug"]);
  assert.notEqual(error.retryable, true);
});

test("a call that is not answered ends at its time-out", async () => {
  const error = await failureOf(a.broker.call("echo-b.never", {}, { timeout: 200 }));
  assert.equal(error.name, "RequestTimeoutError");
});

test("a call to an action that nobody has fails at once", async () => {
  assert.equal((await failureOf(a.broker.call("nobody.here"))).type, "SERVICE_NOT_FOUND");
});

test("calls are shared out among the nodes that serve them, or go to the one that is named", async () => {
  const answers = await Promise.all(Array.from({ length: 20 }, () => b.broker.call("shared.who")));
  assert.deepEqual([...new Set(answers)].sort(), ["a", "c"]);
  const named = await Promise.all(Array.from({ length: 6 }, () => b.broker.call("shared.who", {}, { nodeID: "c" })));
  assert.deepEqual(new Set(named), new Set(["c"]));
});

test("a packet of 5 MB travels as a request and as an answer", async () => {
  const text = randomBytes(2_500_000).toString("hex");
  const { params } = await a.broker.call<{ params: { text: string } }, object>("echo-b.back", { text });
  assert.equal(params.text, text);
});

test("small calls are answered while a packet of 40 MB is on its way to the same node", async () => {
  let isBulkDone = false;
  const bulk = a.broker.call("echo-b.grow", { bytes: 1, padding: "x".repeat(40_000_000) }).then(() => {
    isBulkDone = true;
  });
  await a.broker.call("echo-b.back", {});
  assert.equal(isBulkDone, false);
  await bulk;
});

test("a call above 64 MB is refused by its sender, and others go on", async () => {
  const error = await failureOf(a.broker.call("echo-b.back", { text: "x".repeat(65 * 1024 * 1024) }));
  assert.deepEqual([error.type, error.code], ["PACKET_TOO_LARGE", 413]);
  assert.notEqual(error.retryable, true);
  await a.broker.call("echo-b.back", {});
});

test("an answer above the limit is an error at the caller, and no time-out", async () => {
  const error = await failureOf(a.broker.call("echo-c.grow", { bytes: ANSWER_MAX_BYTES + 1 }, { timeout: 0 }));
  assert.deepEqual([error.type, error.code], ["PACKET_TOO_LARGE", 413]);
});

test("a full queue makes calls and events fail at once with a retryable error, and goes when it has emptied", async () => {
  const narrow = await cluster.start("narrow", { limits: { maxQueuedPackets: 40 } });
  await untilServed(narrow, "echo-b.back", ["b"]);
  const ends = await Promise.allSettled(Array.from({ length: 100 }, () => narrow.broker.call("echo-b.back", {})));
  const refusals = ends.flatMap((end) => (end.status === "rejected" ? [end.reason] : []));
  assert.ok(refusals.length > 0 && refusals.length <= 80, `${refusals.length} of 100 refused`);
  for (const { type, code, retryable } of refusals)
    assert.deepEqual([type, code, retryable], ["SEND_QUEUE_FULL", 503, true]);
  await narrow.broker.call("echo-b.back", {});
});

test("Moleculer's encryption and compression of packets work, and who has no key is not heard", async () => {
  const sealed = new Cluster();
  const { Encryption, Compression } = (moleculer as unknown as Untyped).Middlewares.Transmit;
  const middlewares = [
    Encryption(randomBytes(32), "aes-256-cbc", randomBytes(16)),
    Compression({ threshold: 1 }),
  ] as BrokerOptions["middlewares"];
  try {
    const one = await sealed.start("one", { options: { middlewares } });
    await sealed.start("two", { services: [echo("two")], options: { middlewares } });
    const stranger = await sealed.start("stranger", { services: [echo("stranger")] });
    await untilServed(one, "echo-two.back", ["two"]);
    const text = "x".repeat(2_000_000);
    assert.deepEqual(await one.broker.call("echo-two.back", { text }), { node: "two", params: { text } });
    await untilServed(one, "echo-stranger.back", []);
    assert.equal((await failureOf(stranger.broker.call("echo-two.back"))).type, "SERVICE_NOT_FOUND");
  } finally {
    await sealed.stop();
  }
});
