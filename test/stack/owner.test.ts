import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { startOf } from "#stack/process.ts";
import { silent } from "#stack/progress.ts";
import { runningServers, stackDown, stackUp } from "#stack/stack.ts";
import { readState, writeState } from "#stack/state.ts";
import { EXIT } from "../../cli/exit-codes.ts";
import { type Command, eventix, startEventix } from "../support/command.ts";
import { until } from "../support/until.ts";

/** A home whose stack is a Redis of its own: all other servers are those of the test run. */
let home: string;
const gone = { pid: process.pid, started: "another boot/1" };
const env = () => ({
  REDIS_URL: undefined,
  EVENTIX_HOME: home,
  EVENTIX_STACK: "native",
  NAMESPACE: `owner-${process.pid}`,
  SERVICES: "catalog",
});
const kafkaAway = () => ({ ...process.env, ...env(), KAFKA_BROKERS: "127.0.0.1:1" });

async function started(): Promise<Command> {
  const start = startEventix(["start"], { env: env() });
  const ready = () => start.printed().includes("The node is ready") || start.child.exitCode !== null;
  await until(ready, { what: "`eventix start` to be ready", ms: 30_000 });
  return start;
}

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "eventix-owner-"));
});
afterEach(async () => {
  await stackDown({ home, say: silent });
  rmSync(home, { recursive: true, force: true });
});

test("a start ends the servers that it started", async () => {
  const start = await started();
  assert.deepEqual(runningServers(home), ["redis"]);
  start.child.kill("SIGTERM");
  assert.equal((await start.finished).code, EXIT.done);
  assert.deepEqual(runningServers(home), []);
});

test("servers that `up` was asked to keep, while a start ran, run on after it", async () => {
  const start = await started();
  assert.equal((await eventix(["up"], { env: env() })).code, EXIT.done);
  start.child.kill("SIGTERM");
  assert.equal((await start.finished).code, EXIT.done);
  assert.deepEqual(runningServers(home), ["redis"]);
});

test("servers that two use end with the last of them, whichever began", async (t) => {
  const users = ["first", "second", "third"].map(() => {
    const child = spawn("sleep", ["60"]);
    t.after(() => child.kill());
    const pid = child.pid as number;
    return { child, owner: { pid, started: startOf(pid) as string } };
  });
  const [first, second, third] = users as [(typeof users)[0], (typeof users)[0], (typeof users)[0]];
  for (const { owner } of users) await stackUp({ home, env: { ...process.env, ...env() }, say: silent, owner });
  // One that is gone inherits nothing.
  second.child.kill();
  await once(second.child, "exit");
  assert.deepEqual(await stackDown({ home, say: silent, owner: first.owner }), []);
  assert.deepEqual(runningServers(home), ["redis"]);
  assert.deepEqual(await stackDown({ home, say: silent, owner: third.owner }), ["redis"]);
  assert.deepEqual(runningServers(home), []);
});

test("a start that fails leaves no server, also when only the topics could not be made", async () => {
  const { code, stderr } = await eventix(["start"], { env: kafkaAway() });
  assert.deepEqual([code, /Kafka does not answer/.test(stderr)], [EXIT.failed, true], stderr);
  assert.deepEqual(runningServers(home), []);
});

test("nor does it leave those that it took over from a start that was killed", async () => {
  await stackUp({ home, env: { ...process.env, ...env() }, say: silent });
  writeState(home, { ...readState(home), owner: gone });
  assert.equal((await eventix(["start"], { env: kafkaAway() })).code, EXIT.failed);
  assert.deepEqual(runningServers(home), []);
});

test("an `up` that fails leaves nothing where nothing ran, and all where something ran", async () => {
  await assert.rejects(stackUp({ home, env: kafkaAway(), say: silent }), /connect/i);
  assert.deepEqual(runningServers(home), []);
  await stackUp({ home, env: { ...process.env, ...env() }, say: silent });
  await assert.rejects(stackUp({ home, env: kafkaAway(), say: silent }), /connect/i);
  assert.deepEqual(runningServers(home), ["redis"]);
});
