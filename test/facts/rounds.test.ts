import assert from "node:assert/strict";
import { test } from "node:test";
import { rounds } from "#mixins/rounds.ts";

const CASES: [string, string[], string[][]][] = [
  ["nothing", [], []],
  ["one of each", ["a1", "b1", "c1"], [["a1", "b1", "c1"]]],
  ["three of one", ["a1", "a2", "a3"], [["a1"], ["a2"], ["a3"]]],
  ["a mixture", ["a1", "b1", "a2", "c1", "b2", "a3"], [["a1", "b1", "c1"], ["a2", "b2"], ["a3"]]],
];
for (const [name, items, expected] of CASES) {
  test(`rounds of ${name} hold each subject at most once, in its order`, () => {
    assert.deepEqual(
      rounds(items, (item) => item.slice(0, 1)),
      expected,
    );
  });
}
