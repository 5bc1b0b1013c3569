import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { PassThrough, Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { after, before, test } from "node:test";
import type { Context } from "moleculer";
import { Cluster, type TestNode, untilServed } from "./support/cluster.ts";
import { failureOf, until } from "./support/until.ts";

const CHUNK_MAX_BYTES = 300_000;

/** What files.items has read of its latest stream. */
let read: unknown[] = [];
const all = async (stream: AsyncIterable<unknown>, items: unknown[] = []) => {
  for await (const item of stream) items.push(item);
  return items;
};

const files = {
  name: "files",
  actions: {
    size: async (ctx: Context) => (await buffer(streamOf(ctx))).length,
    back: (ctx: Context) => streamOf(ctx),
    items: async (ctx: Context) => {
      read = [];
      return { items: await all(streamOf(ctx), read) };
    },
    count: (ctx: Context<{ to: number }>) =>
      Readable.from(Array.from({ length: ctx.params.to }, (_, n) => ({ n, even: n % 2 === 0 }))),
    fail: () =>
      Readable.from(
        (async function* () {
          yield { n: 1 };
          throw new Error("the disk is gone");
        })(),
      ),
    swell: () => Readable.from([{ n: 1 }, { text: "x".repeat(CHUNK_MAX_BYTES) }, { n: 3 }]),
  },
};
const streamOf = (ctx: Context) => (ctx as unknown as { stream: Readable }).stream;

const cluster = new Cluster();
let asker: TestNode;
before(async () => {
  const limits = { maxPacketBytes: CHUNK_MAX_BYTES };
  asker = await cluster.start("asker", { limits });
  await cluster.start("files", { services: [files], limits });
  await untilServed(asker, "files.size", ["files"]);
});
after(() => cluster.stop());

/** Calls with a stream. */
const send = <T>(action: string, stream: Readable) =>
  asker.broker.call<T, object>(action, {}, { stream, timeout: 60_000 } as object);

test("5 MB go as a stream and come back as they went", async () => {
  const data = randomBytes(5_000_000);
  const chunks = Array.from({ length: 100 }, (_, n) => data.subarray(n * 50_000, (n + 1) * 50_000));
  const back = await send<Readable>("files.back", Readable.from(chunks, { objectMode: false }));
  assert.ok(data.equals(await buffer(back)));
});

test("objects go as a stream, and come as one", async () => {
  const items = Array.from({ length: 50 }, (_, n) => ({ n, text: "žluť" }));
  assert.deepEqual(await send("files.items", Readable.from(items)), { items });
  const counted = await asker.broker.call<Readable, object>("files.count", { to: 50 });
  assert.deepEqual(
    (await all(counted)).map((item) => (item as { n: number }).n),
    Array.from({ length: 50 }, (_, n) => n),
  );
});

test("an empty stream ends", async () => {
  assert.equal(await send("files.size", Readable.from([], { objectMode: false })), 0);
});

test("a stream that breaks off at the node that answers ends with its error", async () => {
  const stream = await asker.broker.call<Readable, object>("files.fail", {});
  const error = await failureOf(all(stream));
  assert.match(error.message, /the disk is gone/);
});

test("a stream that breaks off at the caller ends with its error at the node that reads it", async () => {
  const source = new PassThrough({ objectMode: true });
  // As a caller would, that has nobody else to tell.
  source.on("error", () => {});
  const call = failureOf(send("files.items", source));
  read = [];
  source.write({ n: 1 });
  await until("the other node to read", () => read.length > 0);
  source.destroy(new Error("the user is gone"));
  assert.match((await call).message, /the user is gone/);
});

test("an answer's chunk that cannot be sent ends the stream with the reason, instead of a wait for ever", async () => {
  const stream = await asker.broker.call<Readable, object>("files.swell", {});
  const error = await failureOf(all(stream));
  assert.equal(error.type, "PACKET_TOO_LARGE");
});

test("a call's chunk that cannot be sent ends the stream at its reader, and its source is closed", async () => {
  const source = Readable.from([{ n: 1 }, { text: "x".repeat(CHUNK_MAX_BYTES) }, { n: 3 }]);
  const error = await failureOf(send("files.items", source));
  assert.equal(error.type, "PACKET_TOO_LARGE");
  await until("the source to be closed", () => source.destroyed);
});
