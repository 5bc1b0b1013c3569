import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { edited } from "./mutated.ts";
import { MUTATIONS } from "./mutations.ts";

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

test("an edit that does not fit is an error, not a mutation that is never made", () => {
  const edit = { file: "a.ts", find: "x", put: "y" };
  assert.equal(edited("a x b", edit), "a y b");
  assert.throws(() => edited("a b", edit), /a\.ts has this 0 times, not once: x/);
  assert.throws(() => edited("x x", edit), /a\.ts has this 2 times/);
});
