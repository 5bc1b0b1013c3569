import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { theatreJson } from "../../plans/theatre.ts";
import { read } from "./support/read.ts";

const file = readFileSync(new URL("../../plans/theatre.json", import.meta.url), "utf8");
const { plan, errors, warnings } = read(JSON.parse(file));

test("the sample theatre is what its script draws", () => {
  assert.ok(file === theatreJson(), "plans/theatre.json differs: run node plans/theatre.ts");
});

test("the sample theatre has about 1,200 seats and neither errors nor warnings", () => {
  assert.deepEqual([errors.listed, warnings.listed], [[], []]);
  assert.equal(plan?.seats.length, 1_207);
});

test("seats of the sample theatre are numbered along their rows, and far enough apart to be clicked", () => {
  for (const [i, seat] of (plan?.seats ?? []).entries()) {
    const before = plan?.seats[i - 1];
    if (before?.zone !== seat.zone || before.row !== seat.row) continue;
    assert.equal(Number(seat.number), Number(before.number) + 1);
    assert.ok(Math.hypot(seat.x - before.x, seat.y - before.y) >= 20);
  }
});
