import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { gatewayUrl, rememberGateway } from "#stack/gateway.ts";
import { withLock } from "#stack/lock.ts";
import { isRunning, type ProcessRef, startOf, stopProcess, thisProcess } from "#stack/process.ts";
import { silent } from "#stack/progress.ts";
import { stackDown } from "#stack/stack.ts";
import { readState, writeState } from "#stack/state.ts";

let home: string;
let bystander: ChildProcess;
/** The bystander's pid as a killed server of ours would have had it. */
let stale: ProcessRef;

before(() => {
  home = mkdtempSync(join(tmpdir(), "eventix-processes-"));
  bystander = spawn("sleep", ["60"]);
  stale = { pid: bystander.pid as number, started: "another boot/1" };
});

after(() => {
  bystander.kill("SIGKILL");
  rmSync(home, { recursive: true, force: true });
});

test("a process that got the pid of one of ours is neither taken for it nor ended", async () => {
  const state = readState(home);
  writeState(home, { ...state, servers: { redis: { process: stale, ports: { redis: 1 } } } });
  assert.equal(isRunning(stale), false);
  assert.deepEqual(await stackDown({ home, say: silent }), []);
  await stopProcess(stale, "SIGKILL", 100);
  assert.notEqual(startOf(stale.pid), undefined);
  assert.equal(bystander.signalCode, null);
});

test("a process that ignores the polite signal is ended all the same", async () => {
  const stubborn = spawn("sh", ["-c", "trap '' TERM; echo ready; while :; do sleep 1; done"]);
  await new Promise((done) => stubborn.stdout.once("data", done));
  const ref = { pid: stubborn.pid as number, started: startOf(stubborn.pid as number) as string };
  await stopProcess(ref, "SIGTERM", 100);
  assert.equal(isRunning(ref), false);
});

test("the lock of a home lets one in at a time", async () => {
  const order: string[] = [];
  const work = (name: string) =>
    withLock(home, silent, async () => {
      order.push(`${name} in`);
      await new Promise((done) => setImmediate(done));
      order.push(`${name} out`);
    });
  await Promise.all([work("a"), work("b")]);
  assert.equal(order[0]?.charAt(0), order[1]?.charAt(0), order.join());
});

test("a lock whose holder died is taken over, by one of those who wait", async () => {
  writeFileSync(join(home, "stack.lock"), JSON.stringify(stale));
  let inside = 0;
  const most: number[] = [];
  const work = () =>
    withLock(home, silent, async () => {
      most.push(++inside);
      await new Promise((done) => setImmediate(done));
      inside -= 1;
    });
  await Promise.all([work(), work(), work()]);
  assert.deepEqual(most, [1, 1, 1]);
});

test("commands find a gateway that runs, and not one that ended", () => {
  rememberGateway(home, stale, "http://127.0.0.1:1");
  assert.throws(() => gatewayUrl(home), /No gateway of .* is running: npm start, or name one with --url/);
  rememberGateway(home, thisProcess(), "http://127.0.0.1:2");
  assert.equal(gatewayUrl(home), "http://127.0.0.1:2");
});
