import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { LIMITS } from "#broker/kafka-transporter/limits.ts";
import { Assembler, type PacketMessage, toMessages } from "#broker/kafka-transporter/pieces.ts";
import { SendQueue, type TopicMessages } from "#broker/kafka-transporter/send-queue.ts";
import { inboxTopic } from "#broker/kafka-transporter/topics.ts";
import { failureOf, until } from "./support/cluster.ts";

const SMALL = { maxPacketBytes: 1_000, pieceBytes: 10, maxPartialBytes: 100, pieceTimeoutMs: 60_000 };
const pieceOf = ({ headers }: PacketMessage) => headers.piece as string;

function assembler(limits: Partial<typeof SMALL> = {}) {
  const dropped: string[] = [];
  return { dropped, assembler: new Assembler({ ...SMALL, ...limits }, (id, why) => dropped.push(`${id}: ${why}`)) };
}

test("a small packet is one message, a large one comes back together from pieces in any order", () => {
  const small = toMessages("REQ", Buffer.from("0123456789"), () => "p", SMALL.pieceBytes);
  assert.deepEqual(small, [{ headers: { cmd: "REQ" }, value: Buffer.from("0123456789") }]);

  const data = randomBytes(95);
  const pieces = toMessages("REQ", data, () => "p", SMALL.pieceBytes);
  assert.equal(pieces.length, 10);
  const { assembler: target } = assembler();
  const results = pieces.reverse().map((piece) => target.add(pieceOf(piece), piece.value));
  assert.deepEqual(results.slice(0, -1), new Array(9).fill(undefined));
  assert.deepEqual(results.at(-1), data);
});

test("a piece that comes twice changes nothing", () => {
  const [one, two] = toMessages("REQ", Buffer.from("0123456789abc"), () => "p", SMALL.pieceBytes) as [
    PacketMessage,
    PacketMessage,
  ];
  const { assembler: target } = assembler();
  target.add(pieceOf(one), one.value);
  assert.equal(target.add(pieceOf(one), one.value), undefined);
  assert.equal(target.add(pieceOf(two), two.value)?.toString(), "0123456789abc");
});

test("a packet whose piece does not come is dropped, and said", async () => {
  const { assembler: target, dropped } = assembler({ pieceTimeoutMs: 5 });
  target.add("p 0 3", Buffer.alloc(10));
  await until("it was dropped", () => dropped.length > 0);
  assert.deepEqual(dropped, ["p: a piece did not come: 2 of 3 pieces missing"]);
});

test("incomplete packets take a bounded amount of memory: the oldest goes", () => {
  const { assembler: target, dropped } = assembler();
  for (let n = 0; n < 11; n++) target.add(`p${n} 0 2`, Buffer.alloc(10));
  assert.deepEqual(dropped, ["p0: too many incomplete packets: 1 of 2 pieces missing"]);
});

for (const header of ["", "p", "p 0", "p 2 2", "p -1 2", "p 0 101", "p x 2"]) {
  test(`the piece header "${header}" is refused`, () => {
    const { assembler: target, dropped } = assembler();
    assert.equal(target.add(header, Buffer.alloc(1)), undefined);
    assert.equal(dropped.length, 1);
  });
}

/** An outlet whose requests are answered by hand. */
function outlet() {
  const batches: TopicMessages[][] = [];
  const answers: { resolve: () => void; reject: (error: Error) => void }[] = [];
  return {
    batches,
    answers,
    learn: async (topic: string) => {
      if (topic === "gone") throw new Error("no such topic");
    },
    publish: (batch: TopicMessages[]) => {
      batches.push(batch);
      return new Promise<void>((resolve, reject) => answers.push({ resolve, reject }));
    },
  };
}
const message = (text: string): PacketMessage[] => [{ headers: { cmd: "REQ" }, value: Buffer.from(text) }];
const texts = (batch: TopicMessages[] = []) =>
  Object.fromEntries(batch.map(({ topic, messages }) => [topic, messages.map(({ value }) => value.toString())]));

test("packets of one turn of the event loop leave in one request, by topic", async () => {
  const to = outlet();
  const queue = new SendQueue(to, LIMITS);
  const sent = [queue.push("a", message("1")), queue.push("b", message("2")), queue.push("a", message("3"))];
  await until("a request", () => to.batches.length > 0);
  assert.deepEqual(to.batches.map(texts), [{ a: ["1", "3"], b: ["2"] }]);
  to.answers[0]?.resolve();
  await Promise.all(sent);
});

test("a full queue refuses at once with a retryable error, and takes packets again when it has emptied", async () => {
  const to = outlet();
  const queue = new SendQueue(to, { ...LIMITS, maxQueuedBytes: 4 });
  const first = queue.push("a", message("1234"));
  const error = await failureOf(queue.push("a", message("5")));
  assert.deepEqual([error.type, error.retryable], ["SEND_QUEUE_FULL", true]);
  await until("a request", () => to.answers.length === 1);
  to.answers[0]?.resolve();
  await first;
  const second = queue.push("a", message("5"));
  await until("a request", () => to.answers.length === 2);
  to.answers[1]?.resolve();
  await second;
});

test("what waits longer than its callers do is not sent any more", async () => {
  const to = outlet();
  const queue = new SendQueue(to, { ...LIMITS, maxInFlight: 1, maxQueuedMs: 5 });
  const first = queue.push("a", message("1"));
  await until("a request", () => to.answers.length === 1);
  const late = failureOf(queue.push("a", message("2")));
  await new Promise((resolve) => setTimeout(resolve, 10));
  to.answers[0]?.resolve();
  await first;
  assert.equal((await late).type, "PACKET_NOT_SENT");
  assert.equal(to.batches.length, 1);
});

test("a node that is gone does not hold up the others", async () => {
  const to = outlet();
  const queue = new SendQueue(to, LIMITS);
  const lost = failureOf(queue.push("gone", message("1")));
  const sent = queue.push("a", message("2"));
  await until("a request", () => to.answers.length === 1);
  to.answers[0]?.resolve();
  await sent;
  const error = await lost;
  assert.deepEqual([error.type, error.retryable], ["PACKET_NOT_SENT", true]);
  assert.deepEqual(to.batches.map(texts), [{ a: ["2"] }]);
});

test("a small packet overtakes the pieces of a large one, which goes on with every request", async () => {
  const to = outlet();
  const queue = new SendQueue(to, { ...LIMITS, maxInFlight: 1, batchBytes: 20 });
  const large = queue.push(
    "a",
    toMessages("REQ", Buffer.from("aaaaaaaaaabbbbbbbbbbcccccccccc"), () => "p", 10),
  );
  await until("a request", () => to.answers.length === 1);
  const small = queue.push("a", message("small"));
  for (let n = 0; n < 3; n++) {
    await until("a request", () => to.answers.length === n + 1);
    to.answers[n]?.resolve();
  }
  await Promise.all([large, small]);
  assert.deepEqual(
    to.batches.map((batch) => texts(batch).a),
    [["aaaaaaaaaa"], ["bbbbbbbbbb", "small"], ["cccccccccc"]],
  );
});

test("closing lets accepted packets leave and refuses new ones", async () => {
  const to = outlet();
  const queue = new SendQueue(to, LIMITS);
  const sent = queue.push("a", message("1"));
  const closed = queue.close(5_000);
  assert.equal((await failureOf(queue.push("a", message("2")))).type, "PACKET_NOT_SENT");
  await until("a request", () => to.answers.length === 1);
  to.answers[0]?.resolve();
  await Promise.all([sent, closed]);
  await nextTurn();
  assert.equal(to.batches.length, 1);
});

test("any node id makes a topic name that Kafka takes, and different ids make different ones", () => {
  const ids = ["web-1", "web.1", "web_1", "web 1", "wéb/1", "web_2e1"];
  const topics = ids.map((id) => inboxTopic("MOL-x", id));
  for (const topic of topics) assert.match(topic, /^[A-Za-z0-9._-]+$/);
  assert.equal(new Set(topics).size, ids.length);
});
