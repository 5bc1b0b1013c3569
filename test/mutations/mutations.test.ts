import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { edited } from "./mutated.ts";
import { MUTATIONS } from "./mutations.ts";
import { failedIn, patternOf } from "./noticed.ts";

for (const { name, edits, noticedBy } of MUTATIONS) {
  test(`${name} can be made: what it takes away stands where it is looked for`, () => {
    for (const edit of edits) {
      const text = readFileSync(edit.file, "utf8");
      assert.notEqual(edited(text, edit), text);
    }
    assert(existsSync(noticedBy.file), noticedBy.file);
  });
}

test("every invariant has a mutation, and every mutation a name of its own", () => {
  const guarded = new Set(MUTATIONS.flatMap(({ guards }) => guards));
  for (let n = 1; n <= 12; n++) assert(guarded.has(`I${n}`), `I${n}`);
  assert.equal(new Set(MUTATIONS.map(({ name }) => name)).size, MUTATIONS.length);
});

test("a test that has to notice is asked for by the beginning of its name, whatever signs stand in it", () => {
  const pattern = new RegExp(patternOf("a seat (of [two]) is $1.50?"));
  assert(pattern.test("a seat (of [two]) is $1.50? and no more"));
  assert(!pattern.test("that a seat (of [two]) is $1.50?"));
  assert(!pattern.test("a seat of two is 1x5"));
});

test("of what ran the tests that failed are named, each once", () => {
  const written = [
    "▶ a suite",
    "  ✔ one (1.5ms)",
    "  ✖ two (2ms) of it (0.2ms)",
    "✖ a suite (3ms)",
    "✖ failing tests:",
  ];
  assert.deepEqual(failedIn([...written, "", "✖ two (2ms) of it (0.2ms)"].join("\n")), ["two (2ms) of it", "a suite"]);
});

test("an edit that does not fit is an error, not a mutation that is never made", () => {
  const edit = { file: "a.ts", find: "x", put: "y" };
  assert.equal(edited("a x b", edit), "a y b");
  assert.throws(() => edited("a b", edit), /a\.ts has this 0 times, not once: x/);
  assert.throws(() => edited("x x", edit), /a\.ts has this 2 times/);
});
