import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { MUTATIONS } from "./mutations.ts";

const mutations = (...args: string[]) =>
  spawnSync("npm", ["run", "-s", "test:mutations", "--", ...args], { encoding: "utf8" });

test("every mutation can be asked for by its name, which --help tells, as no-row-locks", () => {
  const { status, stdout } = mutations("--help");
  assert.equal(status, 0);
  for (const { name, what } of MUTATIONS) assert(stdout.includes(`  ${name.padEnd(30)} ${what}`), name);
});

test("a mutation that there is not is refused before anything is started", () => {
  const { status, stderr } = mutations("--only", "nonsense");
  assert.equal(status, 1);
  assert.match(stderr, /'nonsense' is invalid\. It must be one of no-unique-item/);
});
