import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { finished } from "node:stream/promises";
import { after, afterEach, before, test } from "node:test";
import type { ServiceBroker } from "moleculer";
import { Cluster, KAFKA_BROKERS, topicsOf, until, untilServed } from "./support/cluster.ts";

const ROOT = join(import.meta.dirname, "../..");
const MEMBER = join(import.meta.dirname, "support/member.ts");

interface Child {
  process: ChildProcess;
  /** stdout and stderr so far. */
  output: () => string;
  /** Resolves with the exit code, once all output is there. */
  exited: Promise<number | null>;
}

const cluster = new Cluster();
const children: Child[] = [];
let caller: ServiceBroker;

before(async () => {
  caller = await cluster.start("caller");
});
// So that a test that failed leaves no node for the next to find.
afterEach(async () => {
  for (const child of children) child.process.kill("SIGKILL");
  await Promise.all(children.splice(0).map(({ exited }) => exited));
  await untilServed(caller, "member.pid", []);
});
after(() => cluster.stop());

function run(nodeId: string, args: string[], env: Record<string, string> = {}): Child {
  const child = spawn(process.execPath, args, {
    cwd: ROOT,
    env: { ...process.env, NAMESPACE: cluster.namespace, NODE_ID: nodeId, KAFKA_BROKERS, LOG_LEVEL: "info", ...env },
    stdio: ["ignore", "pipe", "pipe", "ipc"],
  });
  const { stdout, stderr } = child;
  assert.ok(stdout && stderr);
  let output = "";
  for (const stream of [stdout, stderr]) {
    stream.on("data", (text) => {
      output += text;
    });
  }
  // Not "close", which does not come from a child whose channel was closed here.
  const ended = Promise.all([once(child, "exit"), finished(stdout), finished(stderr)]);
  const started = { process: child, output: () => output, exited: ended.then(([[code]]) => code) };
  children.push(started);
  return started;
}

async function startMember(nodeId: string): Promise<Child> {
  const child = run(nodeId, [MEMBER]);
  const [message] = await Promise.race([once(child.process, "message"), child.exited.then(() => [child.output()])]);
  assert.equal(message, "ready");
  await untilServed(caller, "member.pid", [nodeId]);
  return child;
}

test("a node in a process of its own says ready, serves, and stops cleanly on SIGTERM", async () => {
  const child = await startMember("one");
  // A log's lines are written ten times a second, and the node may serve before.
  await until("it says so", () => child.output().includes('"Node is ready."'));
  assert.equal(await caller.call("member.pid"), child.process.pid);
  child.process.kill("SIGTERM");
  assert.equal(await child.exited, 0);
  await until(
    "its inbox is gone",
    async () => !(await topicsOf(cluster.namespace)).some((t) => t.endsWith(".NODE.one")),
  );
});

test("a call in flight is answered before the node stops", async () => {
  const child = await startMember("two");
  const answer = caller.call("member.slow", { ms: 700 });
  await caller.call("member.pid");
  child.process.kill("SIGINT");
  assert.equal(await answer, "done");
  assert.equal(await child.exited, 0);
});

test("Ctrl-C and the parent's own signal together are one stop; a later signal ends the node at once", async () => {
  const child = await startMember("three");
  const unfinished = caller.call("member.slow", { ms: 5_000 }).catch((error) => error.type);
  await caller.call("member.pid");
  child.process.kill("SIGINT");
  child.process.kill("SIGTERM");
  await until("a second later", () => new Promise((resolve) => setTimeout(() => resolve(true), 1_100)));
  assert.equal(child.process.exitCode, null);
  child.process.kill("SIGTERM");
  assert.equal(await child.exited, 2);
  await unfinished;
});

test("a node whose parent goes away stops itself", async () => {
  const child = await startMember("four");
  child.process.disconnect();
  assert.equal(await child.exited, 0);
  assert.match(child.output(), /the parent process is gone/);
});

test("a killed node is missed within ten seconds and its calls then fail at once", async () => {
  const child = await startMember("five");
  child.process.kill("SIGKILL");
  await untilServed(caller, "member.pid", []);
});

test("a service that does not exist is named in the error, with those that do", async () => {
  const child = run("six", ["broker/node.ts"], { SERVICES: "nonsense" });
  assert.equal(await child.exited, 1);
  assert.match(child.output(), /SERVICES names \\"nonsense\\".*Known are: /);
});

test("a taken probe port is named before anything is started", async () => {
  const taken = createServer().listen(0, "127.0.0.1");
  await once(taken, "listening");
  const { port } = taken.address() as AddressInfo;
  const child = run("probed", [MEMBER], { PROBE_PORT: String(port) });
  assert.equal(await child.exited, 1);
  assert.match(child.output(), new RegExp(`PROBE_PORT=${port} cannot be listened on .*choose another port`));
  taken.close();
});

test("moleculer-runner starts a node with the same config file", async () => {
  const child = run(
    "seven",
    [
      "node_modules/moleculer/bin/moleculer-runner.js",
      ...["--config", "moleculer.config.ts", "--mask", "**/*.service.ts"],
      "test/broker/support/services",
    ],
    { SERVICES: "" },
  );
  await untilServed(caller, "member.pid", ["seven"]);
  assert.equal(await caller.call("member.pid"), child.process.pid);
});
