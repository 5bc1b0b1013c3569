import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { allTopic, inboxTopic } from "../topics.ts";
import { Cluster, type TestNode, untilServed, withAdmin, write } from "./support/cluster.ts";
import { until } from "./support/until.ts";

const work = (node: string) => ({ name: `work-${node}`, actions: { who: () => node } });

const cluster = new Cluster();
const children: ChildProcess[] = [];
let a: TestNode;
let b: TestNode;
before(async () => {
  a = await cluster.start("a", { services: [work("a")] });
  b = await cluster.start("b", { services: [work("b")] });
  await untilServed(a, "work-b.who", ["b"]);
  await untilServed(b, "work-a.who", ["a"]);
});
after(async () => {
  for (const child of children) child.kill("SIGKILL");
  await cluster.stop();
});

async function startMember(nodeID: string): Promise<ChildProcess> {
  const script = join(import.meta.dirname, "support/member.ts");
  const child = spawn(process.execPath, [script, cluster.namespace, nodeID], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  children.push(child);
  await untilServed(a, `${nodeID}.who`, [nodeID]);
  return child;
}

const who = (node: TestNode, action: string) => node.broker.call(action, {}, { timeout: 1_000 }).catch(() => undefined);

test("a node that is pinged answers, one or all of them", async () => {
  const one = (await a.broker.ping("b", 10_000)) as { nodeID: string; elapsedTime: number };
  assert.equal(one.nodeID, "b");
  assert.ok(one.elapsedTime >= 0);
  const pongs = (await a.broker.ping(["b", "nobody"], 3_000)) as unknown as Record<string, unknown>;
  assert.ok(pongs.b);
  assert.equal(pongs.nobody, null);
});

test("nodes know of one another what they serve, and how busy they are", async () => {
  const known = () => a.broker.registry.nodes.get("b") as unknown as { lastHeartbeatTime: number; ipList: string[] };
  assert.ok(known().ipList.length > 0);
  const seen = known().lastHeartbeatTime;
  await until("a heartbeat", () => known().lastHeartbeatTime > seen);
});

test("a service that comes and goes on a node is known to the others", async () => {
  const service = b.broker.createService({ name: "late", actions: { there: () => true } });
  await untilServed(a, "late.there", ["b"]);
  await b.broker.destroyService(service);
  await untilServed(a, "late.there", []);
});

test("a node that disconnects is gone for the others, and back when it connects again", async () => {
  const gone: { node: { id: string }; unexpected: boolean }[] = [];
  a.broker.localBus.on("$node.disconnected", (event: (typeof gone)[0]) => gone.push(event));
  await b.broker.transit?.disconnect();
  await untilServed(a, "work-b.who", []);
  assert.deepEqual(
    gone.map(({ node, unexpected }) => [node.id, unexpected]),
    [["b", false]],
  );
  await b.broker.transit?.connect();
  await untilServed(a, "work-b.who", ["b"]);
  await until("b to answer", async () => (await who(a, "work-b.who")) === "b");
  await until("a to answer", async () => (await who(b, "work-a.who")) === "a");
});

test("calls to others go on while a node stands still, and it answers again when it goes on", async () => {
  const child = await startMember("frozen");
  child.kill("SIGSTOP");
  const pending = Promise.allSettled(
    Array.from({ length: 50 }, () => a.broker.call("frozen.who", { text: "x".repeat(100_000) }, { timeout: 20_000 })),
  );
  for (let n = 0; n < 50; n++) assert.equal(await a.broker.call("work-b.who", {}, { timeout: 5_000 }), "b");
  child.kill("SIGCONT");
  await pending;
  await untilServed(a, "frozen.who", ["frozen"]);
  await until("it to answer", async () => (await who(a, "frozen.who")) === "frozen");
});

test("a node that is killed fails the calls that wait for it, and one of its name takes its place", async () => {
  const child = await startMember("killed");
  child.kill("SIGKILL");
  const failures = await Promise.allSettled(
    Array.from({ length: 5 }, () => a.broker.call("killed.who", {}, { timeout: 25_000 })),
  );
  for (const { status } of failures) assert.equal(status, "rejected");
  await untilServed(a, "killed.who", []);
  await startMember("killed");
  await until("it to answer", async () => (await who(a, "killed.who")) === "killed");
});

test("the inbox of a node that was killed is removed in time, and those of the living stay", async () => {
  const orphan = inboxTopic(cluster.prefix, "orphan");
  await withAdmin((admin) =>
    admin.createTopics({ topics: [{ topic: orphan, numPartitions: 1 }], waitForLeaders: true }),
  );
  await cluster.start("tidy", { limits: { lookForGoneMs: 200 } });
  const topics = () => withAdmin((admin) => admin.listTopics());
  await until("the orphan to be gone", async () => !(await topics()).includes(orphan));
  assert.ok((await topics()).includes(inboxTopic(cluster.prefix, "b")));
  assert.equal(await a.broker.call("work-b.who"), "b");
});

test("a node whose inbox is removed makes it again, and is called", async () => {
  await withAdmin((admin) => admin.deleteTopics({ topics: [inboxTopic(cluster.prefix, "b")] }));
  await until("a call to fail", async () => (await who(a, "work-b.who")) === undefined);
  await until("b to answer", async () => (await who(a, "work-b.who")) === "b");
});

const packet = (content: object) => JSON.stringify({ ver: "5", sender: "stranger", ...content });
const garbage: [what: string, message: { headers?: Record<string, string>; value: string | null }, said: RegExp][] = [
  ["a message without a type", { value: "hello" }, /not a packet/],
  ["a message without a value", { headers: { cmd: "REQ" }, value: null }, /not a packet/],
  ["a packet that is no JSON", { headers: { cmd: "REQ" }, value: "{oops" }, /Invalid incoming packet/],
  ["a packet of another protocol", { headers: { cmd: "REQ" }, value: packet({ ver: "1" }) }, /protocol version/i],
  [
    "a call of no action",
    { headers: { cmd: "REQ" }, value: packet({ id: "1" }) },
    /Unable to send|not available|not found/i,
  ],
  ["a piece that belongs nowhere", { headers: { cmd: "REQ", piece: "x 3 2" }, value: "x" }, /without a valid place/],
];
for (const [what, message, said] of garbage) {
  test(`${what} is ignored and said`, async () => {
    b.said.length = 0;
    await write(inboxTopic(cluster.prefix, "b"), [message]);
    await until("it to be said", () => b.said.some((line) => said.test(line))).catch((error) => {
      throw new Error(`${error.message}; said: ${b.said.join("\n")}`);
    });
    assert.equal(await a.broker.call("work-b.who"), "b");
  });
}

test("a packet of an unknown type, and an answer that nobody waits for, change nothing", async () => {
  const messages = ["NONSENSE", "RES", "PONG"].map((cmd) => ({ headers: { cmd }, value: packet({ id: "1" }) }));
  await write(inboxTopic(cluster.prefix, "b"), messages);
  await write(allTopic(cluster.prefix), messages);
  assert.equal(await a.broker.call("work-b.who"), "b");
});
