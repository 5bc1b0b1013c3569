import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { test } from "node:test";
import { COST_FIGURES, costsOf, savedCosts } from "../../bench/costs.ts";
import { ASSUMED } from "../../bench/model/assumptions.ts";

test("the costs that are kept are whole, and say when and where they were measured", () => {
  const { measured, machine, costs } = savedCosts();
  assert.match(measured, /^\d{4}-\d\d-\d\d$/);
  assert.match(machine, /\d+ × .+ GB, .+ Node \d+/);
  const kept = Object.entries(costs).flatMap(([stage, parts]) =>
    Object.entries(parts).map(([part, each]) => {
      assert(Number.isFinite(each) && each >= 0, `${stage}: ${part} is ${each}`);
      return `${stage}: ${part}`;
    }),
  );
  assert.deepEqual(
    kept,
    COST_FIGURES.map(({ what }) => what),
  );
});

test("what is kept of a measurement is the medians, to three digits", () => {
  const figures = COST_FIGURES.map(({ what, unit }, n) => ({ what, unit, values: [9e9, 1_234.5 + n * 1_000, 1] }));
  const { costs, repeats, seconds } = costsOf(figures, { repeats: 3, seconds: 5 });
  assert.deepEqual([costs.hold.gateway, costs.hold.booking, repeats, seconds], [1_230, 2_230, 3, 5]);
  assert.throws(() => costsOf(figures.slice(1), { repeats: 3, seconds: 5 }), /nothing was measured of hold: gateway/);
});

const model = (...args: string[]) => ["run", "-s", "model", "--", ...args];

test("`npm run -s model` shows all assumptions, and reckons with others where they are given", () => {
  const rowsOf = (out: string) => new Map(out.split("\n").map((line) => [line.split("|")[1]?.trim(), line]));
  const [now, other] = [[], ["--assume", "zones=2", "--assume", "looksABooking=200", "--assume", "cells=20"]].map(
    (args) => rowsOf(execFileSync("npm", model(...args), { encoding: "utf8" })),
  );
  for (const [name, { why }] of Object.entries(ASSUMED)) assert(now?.get(`\`${name}\``)?.includes(why), name);
  assert.match(other?.get("`zones`") ?? "", /\| 2 zones \|/);
  assert.match(other?.get("requests a booking") ?? "", /\| 221 \|/);
  assert.notEqual(other?.get("gateway nodes"), now?.get("gateway nodes"));
});

test("an assumption that there is not, or that is no number, is refused", () => {
  for (const wrong of ["nonsense=1", "zones=many", "zones", "zones=0", "zones=0.5"]) {
    const { status, stderr } = spawnSync("npm", model("--assume", wrong), { encoding: "utf8" });
    assert.equal(status, 1, wrong);
    assert.match(stderr, /Assumed are|must be a number above 0|must be a whole number of zones/);
  }
});
