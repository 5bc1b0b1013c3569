import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { eventixHome } from "#stack/home.ts";
import { freePort } from "#stack/ports.ts";
import { isRunning, startOf } from "#stack/process.ts";
import { silent } from "#stack/progress.ts";
import { stackEnvironment } from "#stack/stack.ts";
import { readNode, writeNode } from "#stack/state.ts";
import { claimStart } from "../../cli/start/claim.ts";
import { type Command, eventix, NO_SERVERS_GIVEN, startEventix } from "../support/command.ts";
import { until } from "../support/until.ts";

/** One `start` on the servers of the test run; its tests build on one another, in order. */
let port: number;
let start: Command;
const env = () => ({ ...NO_SERVERS_GIVEN, NAMESPACE: `start-${process.pid}`, PORT: String(port) });
const lineOf = (command: Command, begin: string) =>
  command
    .printed()
    .split("\n")
    .find((line) => line.startsWith(begin));

before(async () => {
  port = await freePort();
  start = startEventix(["start"], { env: env() });
  const shown = () => lineOf(start, "curl") !== undefined || start.child.exitCode !== null;
  await until(shown, { what: "`eventix start` to be ready", ms: 60_000 });
});

after(() => start.child.kill("SIGTERM"));

test("the address it prints answers, and the curl line it prints books a seat", () => {
  assert.equal(lineOf(start, "Eventix is ready"), `Eventix is ready: http://127.0.0.1:${port}`, start.printed());
  const answer = JSON.parse(execFileSync("sh", ["-c", lineOf(start, "curl") as string], { encoding: "utf8" }));
  assert.equal(answer.success, true, JSON.stringify(answer));
  assert.equal(answer.data.status, "PENDING");
});

test("a second start of the same home is refused, with the address of the first", async () => {
  const { code, stderr } = await eventix(["start"], { env: env() });
  assert.equal(code, 1);
  assert.match(
    stderr,
    new RegExp(`already running at http://127.0.0.1:${port}, started by process ${start.child.pid}`),
  );
});

test("`node` adds a node on a free port, and ends it on SIGTERM", async () => {
  const one = startEventix(["node"], { env: { ...env(), PORT: undefined, SERVICES: "gateway" } });
  const line = await until(() => lineOf(one, "The node is ready: "), { what: "the node to be ready" });
  const response = await fetch(`${line.slice("The node is ready: ".length)}/health/live`);
  assert.equal(response.status, 200);
  one.child.kill("SIGTERM");
  assert.equal((await one.finished).code, 0);
});

test("`node` says when its process was told to stop, and that nothing is wrong with that", async () => {
  const one = startEventix(["node"], { env: { ...env(), PORT: undefined, SERVICES: "catalog" } });
  await until(() => lineOf(one, "The node is ready"), { what: "the node to be ready" });
  const children = readFileSync(`/proc/${one.child.pid}/task/${one.child.pid}/children`, "utf8");
  process.kill(Number(children.trim().split(" ")[0]), "SIGTERM");
  const { code, stderr } = await one.finished;
  assert.deepEqual([code, stderr.includes("its log above")], [0, false]);
  assert.match(stderr, /^The node ended with exit code 0\.$/m);
});

test("Ctrl-C ends it within ten seconds, services before servers, and leaves servers that it did not start", async () => {
  const begun = Date.now();
  const { node } = readNode(eventixHome()) ?? {};
  start.child.kill("SIGINT");
  const { code } = await start.finished;
  assert.equal(code, 0, start.printed());
  assert.ok(Date.now() - begun < 10_000);
  assert.equal(isRunning(node), false);
  assert.equal(stackEnvironment(eventixHome(), {}).REDIS_URL, process.env.REDIS_URL);
});

test("a port that another program has is named before anything is started", async () => {
  const other = createServer().listen(port, "127.0.0.1");
  await once(other, "listening");
  const { code, stderr } = await eventix(["start"], { env: env() });
  other.close();
  assert.equal(code, 1);
  assert.match(stderr, new RegExp(`Port ${port} is in use: .* PORT=${port + 1}`));
});

test("a setting that cannot be is named before anything is started", async () => {
  const { code, stderr } = await eventix(["start"], { env: { ...env(), PORT: "http" } });
  assert.equal(code, 64);
  assert.match(stderr, /^eventix: These settings are not valid:\n {2}PORT=http: must be a whole number/);
});

test("when the node ends by itself, start says so and starts it again, as often as needed", async () => {
  const lone = startEventix(["start"], { env: { ...env(), SERVICES: "catalog" } });
  await until(() => lone.printed().includes("The node is ready"), { what: "the node to be ready" });
  for (const times of [1, 2]) {
    const killed = readNode(eventixHome())?.node;
    process.kill(killed?.pid as number, "SIGKILL");
    const again = () => lone.printed().split("The node is ready again.").length === times + 1;
    await until(again, { what: "another node to be ready", ms: 30_000 });
    assert.notEqual(readNode(eventixHome())?.node?.pid, killed?.pid);
  }
  assert.match(lone.printed(), /The node ended by itself with signal SIGKILL; .* again in 1 s .*again in 2 s/s);
  const last = readNode(eventixHome())?.node;
  lone.child.kill("SIGINT");
  assert.equal((await lone.finished).code, 0);
  assert.equal(isRunning(last), false);
  assert.equal(readNode(eventixHome()), undefined);
});

test("the node of a start that was killed is ended by the next", async () => {
  const home = mkdtempSync(join(tmpdir(), "eventix-start-"));
  const orphan = spawn("sleep", ["60"]);
  const pid = orphan.pid as number;
  const killed = { pid, started: "another boot/1" };
  writeNode(home, { starter: killed, node: { pid, started: startOf(pid) as string } });
  await claimStart(home, silent);
  if (orphan.signalCode === null) await once(orphan, "exit");
  assert.equal(orphan.signalCode, "SIGTERM");
  assert.equal(readNode(home)?.starter.pid, process.pid);
  rmSync(home, { recursive: true });
});

test("without a stack `node` says how to get one", async () => {
  const { code, stderr } = await eventix(["node"], { env: { ...env(), EVENTIX_HOME: join(tmpdir(), "eventix-none") } });
  assert.equal(code, 1);
  assert.match(stderr, /^eventix: No stack is up .*: npx eventix up, or npm start\n$/);
});

test("a terminal that is closed ends it as cleanly as Ctrl-C", async () => {
  const lone = startEventix(["start"], { env: { ...env(), SERVICES: "catalog" } });
  await until(() => lone.printed().includes("The node is ready"), { what: "the node to be ready" });
  const node = readNode(eventixHome())?.node;
  lone.child.stdout?.destroy();
  lone.child.stderr?.destroy();
  lone.child.kill("SIGHUP");
  assert.equal((await lone.finished).code, 0);
  assert.equal(readNode(eventixHome()), undefined);
  assert.equal(isRunning(node), false);
});
