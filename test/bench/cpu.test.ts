import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { childClock, cpuSeconds } from "../../bench/meter/cpu.ts";

const ONLY_LINUX = { skip: process.platform !== "linux" };
/** /proc counts in hundredths of a second, and each of four counts is cut. */
const INEXACT = 0.05;
const BURN = "while (process.cpuUsage().user < 3e5);";

const ownSeconds = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
};

test("a process has taken the time that it says itself", ONLY_LINUX, () => {
  const [before, own] = [cpuSeconds(process.pid), ownSeconds()];
  while (ownSeconds() < own + 0.3);
  const told = cpuSeconds(process.pid) - before;
  assert(told >= 0.3 - INEXACT && told <= ownSeconds() - own + INEXACT, `${told} s`);
});

test("the time of a child that has ended is still its parent's", ONLY_LINUX, () => {
  const before = cpuSeconds(process.pid);
  execFileSync(process.execPath, ["-e", BURN]);
  assert(cpuSeconds(process.pid) - before >= 0.3 - INEXACT);
});

test("children are told apart by their command line, and keep their time when they end", ONLY_LINUX, async () => {
  const script = `${BURN} console.log("burnt"); setInterval(() => {}, 1000) // one of ours`;
  const child = spawn(process.execPath, ["-e", script]);
  const [ours, theirs] = [childClock(process.pid, /one of ours/), childClock(process.pid, /one of theirs/)];
  await once(child.stdout, "data");
  const told = ours();
  assert(told >= 0.3 - INEXACT, `${told} s`);
  assert.equal(theirs(), 0);
  child.kill();
  await once(child, "exit");
  assert.equal(ours(), told);
  assert.equal(cpuSeconds(child.pid as number), 0);
});
