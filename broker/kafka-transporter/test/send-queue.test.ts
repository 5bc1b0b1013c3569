import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { LIMITS } from "../limits.ts";
import { type PacketMessage, toMessages } from "../pieces.ts";
import { SendQueue, type TopicMessages } from "../send-queue.ts";
import { failureOf, until } from "./support/until.ts";

/** An outlet whose requests are answered by hand; topics are led by broker 1 where nothing else is said. */
function outlet(leaders: Record<string, number> = {}) {
  const batches: TopicMessages[][] = [];
  const answers: { resolve: () => void; reject: (error: Error) => void }[] = [];
  return {
    batches,
    answers,
    learn: async (topic: string) => {
      if (topic === "gone") throw new Error("no such topic");
      return leaders[topic] ?? 1;
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
  const queue = new SendQueue(to, { ...LIMITS, maxQueuedBytes: 8 });
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
  const limits = { ...LIMITS };
  const queue = new SendQueue(to, limits);
  const first = queue.push("a", message("1"));
  await until("a request", () => to.answers.length === 1);
  limits.maxQueuedMs = 0;
  const late = failureOf(queue.push("a", message("2")));
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
  const queue = new SendQueue(to, { ...LIMITS, batchBytes: 20 });
  const large = queue.push(
    "a",
    toMessages("REQ", Buffer.from("aaaaaaaaaabbbbbbbbbbcccccccccc"), 10, { id: () => "p" }),
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

test("a broker that stands still holds up none but the topics that it leads", async () => {
  const to = outlet({ a: 1, b: 2 });
  const queue = new SendQueue(to, LIMITS);
  const stuck = queue.push("a", message("1"));
  await until("the request to broker 1", () => to.batches.length === 1);
  for (let n = 1; n <= 3; n++) {
    const sent = queue.push("b", message(String(n)));
    await until("a request to broker 2", () => to.answers.length === n + 1);
    to.answers[n]?.resolve();
    await sent;
  }
  to.answers[0]?.resolve();
  await stuck;
  assert.deepEqual(to.batches.map(texts), [{ a: ["1"] }, { b: ["1"] }, { b: ["2"] }, { b: ["3"] }]);
});

test("a topic that nobody takes from us fills half of the queue, and the other half serves the others", async () => {
  const to = outlet({ b: 2 });
  const queue = new SendQueue(to, { ...LIMITS, maxQueuedPackets: 4 });
  const stuck = [queue.push("a", message("1")), queue.push("a", message("2"))];
  assert.equal((await failureOf(queue.push("a", message("3")))).type, "SEND_QUEUE_FULL");
  const sent = queue.push("b", message("4"));
  await until("both requests", () => to.answers.length === 2);
  for (const answer of to.answers) answer.resolve();
  await Promise.all([...stuck, sent]);
});

test("an answer, or the next chunk of a stream, is taken when new work is refused", async () => {
  const to = outlet();
  const queue = new SendQueue(to, { ...LIMITS, maxQueuedPackets: 8 });
  const work = Array.from({ length: 4 }, () => queue.push("a", message("work")));
  assert.equal((await failureOf(queue.push("a", message("work")))).type, "SEND_QUEUE_FULL");
  const answer = queue.push("a", message("answer"), { usesReserve: true });
  assert.equal((await failureOf(queue.push("a", message("answer"), { usesReserve: true }))).type, "SEND_QUEUE_FULL");
  await until("a request", () => to.answers.length === 1);
  to.answers[0]?.resolve();
  await Promise.all([...work, answer]);
});

test("what waits for a topic without a leader fails in time", async () => {
  const to = outlet();
  const never = new Promise<number>(() => {});
  const limits = { ...LIMITS, maxQueuedMs: 0 };
  const queue = new SendQueue({ ...to, learn: (topic) => (topic === "lost" ? never : to.learn(topic)) }, limits);
  const lost = failureOf(queue.push("lost", message("1")));
  limits.maxQueuedMs = LIMITS.maxQueuedMs;
  const sent = queue.push("a", message("2"));
  assert.equal((await lost).type, "PACKET_NOT_SENT");
  await until("a request", () => to.answers.length === 1);
  to.answers[0]?.resolve();
  await sent;
});

test("after a failed request each of its topics is asked for again before it is written to", async () => {
  const leaders: Record<string, number> = { a: 1 };
  const to = outlet(leaders);
  const queue = new SendQueue(to, LIMITS);
  const first = failureOf(queue.push("a", message("1")));
  await until("a request", () => to.answers.length === 1);
  leaders.a = 2;
  to.answers[0]?.reject(new Error("This server is not the leader"));
  assert.deepEqual([(await first).type, (await first).retryable], ["PACKET_NOT_SENT", true]);
  const second = queue.push("a", message("2"));
  await until("another request", () => to.answers.length === 2);
  to.answers[1]?.resolve();
  await second;
});
