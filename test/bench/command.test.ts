import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { test } from "node:test";

const bench = (...args: string[]) => spawnSync("npm", ["run", "-s", "bench", "--", ...args], { encoding: "utf8" });
const [, section = ""] = readFileSync("README.md", "utf8").split("\n## How fast it is\n");
const readme = section.slice(0, section.indexOf("\n## "));

test("README names every scenario and option of `npm run bench`, and no others", () => {
  const { status, stdout } = bench("--help");
  assert.equal(status, 0);
  const [, choices = ""] = /\(choices:\s+([^)]*)\)/.exec(stdout) ?? [];
  const scenarios = [...choices.matchAll(/"([\w-]+)"/g)].map((match) => match[1]);
  const options = [...stdout.matchAll(/^ +(--[a-z]+)/gm)].map((match) => match[1]);
  const named = [...readme.matchAll(/^\| `([\w-]+)` \|/gm)].map((match) => match[1]);
  assert.deepEqual(named.sort(), scenarios.sort());
  assert.deepEqual([...new Set(readme.match(/--[a-z]+/g))].sort(), options.sort());
});

test("a scenario that there is not is refused before anything is started", () => {
  const { status, stderr } = bench("nonsense");
  assert.equal(status, 1);
  assert.match(stderr, /'nonsense' is invalid.*Allowed choices are saga/);
});
