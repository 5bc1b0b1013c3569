import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { FAULTS } from "../faults/faults.ts";
import { MUTATIONS } from "../mutations/mutations.ts";

const page = readFileSync("docs/reliability.md", "utf8");
const lines = page.split("\n");

test("docs/reliability.md tells of each mutation what it takes away and which test notices", () => {
  const told = lines.filter((line) => /^\| `[\w-]+` \| I\d/.test(line));
  const made = MUTATIONS.map(
    ({ name, guards, what, noticedBy }) =>
      `| \`${name}\` | ${guards.join(", ")} | ${what} | \`${noticedBy.file}\`, “${noticedBy.test}…” |`,
  );
  assert.deepEqual(told, made);
});

test("docs/reliability.md tells of each fault what happens", () => {
  const told = lines.filter((line) => /^\| `[\w-]+` \| (?!I\d)[^|]+ \|$/.test(line));
  assert.deepEqual(
    told,
    FAULTS.map(({ name, what }) => `| \`${name}\` | ${what} |`),
  );
});

test("docs/reliability.md tells of each invariant what guards it, which tests attack it and a mutation that they notice", () => {
  const invariants = Array.from({ length: 12 }, (_, n) => `I${n + 1}`);
  for (const id of invariants) {
    const line = lines.find((each) => each.startsWith(`| ${id} | `)) ?? assert.fail(`${id} has no line`);
    const files = [...line.matchAll(/`(test\/[\w./-]+)`/g)].map(([, file]) => file as string);
    assert(files.length > 0, `${id} has no test`);
    for (const file of files) assert(existsSync(file), file);
    assert(
      MUTATIONS.some(({ guards }) => guards.includes(id as never)),
      `${id} has no mutation`,
    );
  }
});
