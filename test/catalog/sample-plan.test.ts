import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { suite, test } from "node:test";
import { arenaJson } from "../../plans/arena.ts";
import { studioJson } from "../../plans/studio.ts";
import { theatreJson } from "../../plans/theatre.ts";
import { read } from "./support/read.ts";

test("the sample theatre is what its script draws", () => {
  const file = readFileSync(new URL("../../plans/theatre.json", import.meta.url), "utf8");
  assert.ok(file === theatreJson(), "plans/theatre.json differs: run node plans/theatre.ts");
});

test("the sample arena is drawn the same each time, on every machine", () => {
  const digest = createHash("sha256").update(arenaJson()).digest("hex");
  const known = "247ee8712fe3fbc7562ae7fa0d2aa57d98504dab6634b2597e90d48fa5abc101";
  assert.equal(digest, known, "stacks would get a second arena beside the one they have: is that what you want?");
});

test("whoever reads a drawn plan may stop where they like", () => {
  const script = new URL("../../plans/arena.ts", import.meta.url).pathname;
  const piped = `"$0" "$1" | head -c 80`;
  const { stdout, stderr } = spawnSync("sh", ["-c", piped, process.execPath, script], { encoding: "utf8" });
  assert.deepEqual([stdout.length, stderr], [80, ""]);
});

const SAMPLES: [name: string, json: string, seats: number, categories: number][] = [
  ["theatre", theatreJson(), 1_207, 5],
  ["arena", arenaJson(), 20_095, 7],
  ["studio", studioJson(), 72, 1],
];

for (const [name, json, seats, categories] of SAMPLES) {
  suite(`the sample ${name}`, () => {
    const { plan, errors, warnings } = read(JSON.parse(json));

    test(`has ${seats} seats, some in each category, and neither errors nor warnings`, () => {
      assert.deepEqual([errors.listed, warnings.listed], [[], []]);
      assert.equal(plan?.seats.length, seats);
      assert.equal(plan.categories.filter((category) => category.seats > 0).length, categories);
    });

    test("has its seats numbered along their rows", () => {
      for (const [i, seat] of (plan?.seats ?? []).entries()) {
        const before = plan?.seats[i - 1];
        if (before?.zone !== seat.zone || before.row !== seat.row) continue;
        // Around an arena clockwise: at its lower end from right to left.
        assert.equal(Math.abs(Number(seat.number) - Number(before.number)), 1, `${seat.zone}, row ${seat.row}`);
      }
    });

    test("has its seats far enough apart to be clicked", () => {
      const cell = 50;
      const placeOf = (x: number, y: number) => `${Math.floor(x / cell)} ${Math.floor(y / cell)}`;
      const seatsOf = Map.groupBy(plan?.seats ?? [], ({ x, y }) => placeOf(x, y));
      const near = (x: number, y: number) =>
        [-cell, 0, cell].flatMap((dx) => [-cell, 0, cell].flatMap((dy) => seatsOf.get(placeOf(x + dx, y + dy)) ?? []));
      for (const { x, y, index, guid } of plan?.seats ?? []) {
        const neighbour = near(x, y).find((other) => other.index > index && Math.hypot(other.x - x, other.y - y) < 20);
        assert.equal(neighbour, undefined, guid);
      }
    });
  });
}
