import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { planOfRows, seat } from "./support/plans.ts";
import { read } from "./support/read.ts";

type Point = [x: number, y: number];

/** Deals cards in an order that is the same in every run. */
function shuffled<T>(items: readonly T[], seed: number): T[] {
  const cards = [...items];
  let state = seed;
  for (let i = cards.length - 1; i > 0; i--) {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    const j = state % (i + 1);
    [cards[i], cards[j]] = [cards[j] as T, cards[i] as T];
  }
  return cards;
}

const numbersOf = (plan: unknown) => read(plan).plan?.seats.map((one) => one.number);
const range = (count: number) => Array.from({ length: count }, (_, i) => i);

function arc(count: number, from: number, to: number, radius = 500): Point[] {
  const step = (to - from) / (count - 1);
  return range(count).map((i) => {
    const angle = ((from + i * step) * Math.PI) / 180;
    return [1000 - radius * Math.cos(angle), 1000 + radius * Math.sin(angle)];
  });
}

/** Down the left wall, along the back, up the right wall. */
const horseshoe: Point[] = [
  ...range(12).map((i): Point => [100, 100 + i * 30]),
  ...range(10).map((i): Point => [130 + i * 30, 470]),
  ...range(12).map((i): Point => [430, 430 - i * 30]),
];

/** A row's seats in the order in which a person walks along it, from its left (or upper) end. */
const ROWS: [what: string, points: Point[]][] = [
  ["straight", range(20).map((i): Point => [i * 25, 0])],
  ["one seat", [[5, 5]]],
  [
    "two seats, one above the other",
    [
      [5, 5],
      [5, 9],
    ],
  ],
  ["straight with aisles", range(30).map((i): Point => [i * 25 + Math.floor(i / 10) * 80, 0])],
  ["drawn aslant", range(20).map((i): Point => [i * 20, i * 11.7])],
  ["upright", range(20).map((i): Point => [3, i * 20])],
  ["upright but for rounding", range(20).map((i): Point => [3 + (i % 3) * 1e-9, i * 20])],
  ["gently curved", arc(25, 60, 120)],
  ["curved the other way", arc(25, 60, 120).map(([x, y]): Point => [x, -y + 3000])],
  ["half a circle", arc(30, 0, 180)],
  ["three quarters of a circle", arc(40, -45, 225)],
  ["a horseshoe with straight walls", horseshoe],
  ["in huge coordinates", range(10).map((i): Point => [-8e307 + i * 1.6e307, 1])],
  ["in tiny steps far away", range(10).map((i): Point => [1e9 + i * 0.001, 7])],
];

suite("a row's seats follow its own line, whatever order they are drawn in:", () => {
  for (const [what, points] of ROWS) {
    test(what, () => {
      const seats = points.map(([x, y], i) => seat(`guid-${i}`, String(i), x, y));
      const expected = seats.map((one) => one.seat_number);
      for (const seed of [1, 2, 3]) {
        assert.deepEqual(numbersOf(planOfRows([{ row_number: "1", seats: shuffled(seats, seed) }])), expected);
      }
    });
  }
});

test("seats around a table are each next to their neighbour", () => {
  const seats = range(8).map((i) => {
    const angle = (i * Math.PI) / 4;
    return seat(`guid-${i}`, String(i), 100 + 40 * Math.cos(angle), 100 + 40 * Math.sin(angle));
  });
  const around = numbersOf(planOfRows([{ row_number: "Table 1", seats: shuffled(seats, 4) }])) as string[];
  const steps = around.slice(1).map((number, i) => (Number(number) - Number(around[i]) + 8) % 8);
  assert.equal(new Set(steps).size, 1);
  assert.ok(steps[0] === 1 || steps[0] === 7);
});

test("a row cut into several Row objects is one row", () => {
  const cut = (from: number, to: number) => ({
    row_number: "7",
    position: { x: from * 25, y: 0 },
    seats: range(to - from).map((i) => seat(`guid-${from + i}`, String(from + i), i * 25)),
  });
  const { plan } = read(planOfRows([cut(20, 30), cut(0, 10), cut(10, 20)]));
  assert.deepEqual(
    plan?.seats.map((one) => one.number),
    range(30).map(String),
  );
  assert.deepEqual(new Set(plan.seats.map((one) => one.rowIndex)), new Set([0]));
});

test("rows of one name in two zones stay two rows", () => {
  const plan = planOfRows([{ row_number: "1", seats: [seat("guid-0", "0", 50)] }]);
  plan.zones.push({ ...planOfRows([{ row_number: "1", seats: [seat("guid-1", "1", 0)] }]).zones[0] });
  assert.deepEqual(numbersOf(plan), ["0", "1"]);
});

test("numbered rows stand in the order of their numbers, named ones in that of the file", () => {
  const row = (name: string) => ({ row_number: name, seats: [seat(`guid-${name}`, name, 0)] });
  assert.deepEqual(numbersOf(planOfRows(["10", "9", "2", "1"].map(row))), ["1", "2", "9", "10"]);
  assert.deepEqual(numbersOf(planOfRows(["C", "A", "AA", "B"].map(row))), ["C", "A", "AA", "B"]);
});

test("seats on one point are told apart by guid", () => {
  const seats = ["c-c", "a-a", "b-b"].map((guid) => seat(guid, guid, 30));
  const others = [seat("left", "left", 0), seat("right", "right", 60)];
  const order = ["left", "a-a", "b-b", "c-c", "right"];
  for (const seed of [1, 2, 3]) {
    const plan = planOfRows([{ row_number: "1", seats: shuffled([...seats, ...others], seed) }]);
    assert.deepEqual(numbersOf(plan), order);
  }
});
