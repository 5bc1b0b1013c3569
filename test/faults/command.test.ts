import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { FAULTS } from "./faults.ts";

const faults = (...args: string[]) =>
  spawnSync("npm", ["run", "-s", "test:faults", "--", ...args], { encoding: "utf8" });

test("every fault can be asked for by its name, which --help tells", () => {
  const { status, stdout } = faults("--help");
  assert.equal(status, 0);
  for (const { name, what } of FAULTS) assert(stdout.includes(`  ${name.padEnd(20)} ${what}`), name);
  assert.equal(new Set(FAULTS.map(({ name }) => name)).size, FAULTS.length);
});

for (const [args, says] of [
  [["--only", "nonsense"], /'nonsense' is invalid\. It must be one of redis-stopped/],
  [["--runs", "0"], /'0' is invalid\. It must be a whole number from 1/],
  [["--seed", "x"], /'x' is invalid\. It must be a whole number from 1/],
  [["--fault", "x"], /unknown option '--fault'/],
] as const) {
  test(`test:faults ${args.join(" ")} is refused before anything is started`, () => {
    const { status, stderr } = faults(...args);
    assert.equal(status, 1);
    assert.match(stderr, says);
  });
}
