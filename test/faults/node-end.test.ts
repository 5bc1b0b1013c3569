import assert from "node:assert/strict";
import { mkdtempSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { makeHome } from "#stack/home.ts";
import { until } from "../support/until.ts";
import { isOfItsOwn, type Life } from "./node-end.ts";
import { RunNode } from "./run-node.ts";

const ENDS: [what: string, life: Omit<Life, "logAt">, how: string, log: string, isOfItsOwn: boolean][] = [
  ["killed", { told: "die", isReady: true }, "signal SIGKILL", "", false],
  ["dead before it was killed", { told: "die", isReady: true }, "exit code 1", "", true],
  ["stopped", { told: "stop", isReady: true }, "exit code 0", "", false],
  ["not stopped in time", { told: "stop", isReady: true }, "exit code 2", "", false],
  ["broken while it stopped", { told: "stop", isReady: true }, "exit code 1", "Uncaught exception", true],
  ["hung, so that it was cut", { told: "stop", isReady: true }, "signal SIGKILL", "", true],
  ["without its servers", { told: "nothing", isReady: false }, "exit code 1", "The node could not start", false],
  ["broken before it was ready", { told: "nothing", isReady: false }, "exit code 1", "Unhandled rejection", true],
  ["broken", { told: "nothing", isReady: true }, "exit code 1", "Uncaught exception", true],
  ["gone quietly", { told: "nothing", isReady: true }, "exit code 0", "", true],
  ["out of memory", { told: "nothing", isReady: true }, "signal SIGABRT", "", true],
];

for (const [what, life, how, log, expected] of ENDS) {
  test(`a node that ended with ${how}, ${what}: ${expected ? "is a fault of the node" : "is right"}`, () => {
    assert.equal(isOfItsOwn({ ...life, logAt: 0 }, how, log), expected);
  });
}

test("a node that ends by itself is told of once, one that is killed or stopped is not", async () => {
  const home = mkdtempSync(join(tmpdir(), "eventix-node-"));
  makeHome(home);
  const node = new RunNode("x", home, { LOG_FORMAT: "json" });
  after(async () => {
    await node.stop();
    await rm(home, { recursive: true });
  });
  await node.use({}, ["catalog"]);
  await node.killed();
  await node.start();
  await node.stop();
  await node.start();
  assert.deepEqual(node.takeOwnEnds(), []);
  process.kill(node.pid as number, "SIGTERM");
  await until(() => !node.isRunning, { what: "the node to end" });
  assert.deepEqual(node.takeOwnEnds(), ["node x-3 ended by itself: exit code 0"]);
  assert.deepEqual(node.takeOwnEnds(), []);
});
