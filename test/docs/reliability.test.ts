import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { FAULTS } from "../faults/faults.ts";
import { MUTATIONS } from "../mutations/mutations.ts";

const page = readFileSync("docs/reliability.md", "utf8");
const lines = page.split("\n");

test("docs/reliability.md tells of each mutation what it takes away and which test notices", () => {
  const told = lines.filter((line) => /^\| `[\w-]+` \| I\d/.test(line));
  const made = MUTATIONS.map(({ name, guards, what, noticedBy: { file, test: named } }) => {
    const where = `\`${file}\`${named === undefined ? "" : `, “${named}…”`}`;
    return `| \`${name}\` | ${guards.join(", ")} | ${what} | ${where} |`;
  });
  assert.deepEqual(told, made);
});

test("docs/reliability.md tells of each fault what happens", () => {
  const told = lines.filter((line) => /^\| `[\w-]+` \| (?!I\d)[^|]+ \|$/.test(line));
  assert.deepEqual(
    told,
    FAULTS.map(({ name, what }) => `| \`${name}\` | ${what} |`),
  );
});

test("docs/reliability.md tells of each invariant what guards it", () => {
  for (let n = 1; n <= 12; n++)
    assert(
      lines.some((line) => line.startsWith(`| I${n} | `)),
      `I${n}`,
    );
});
