import assert from "node:assert/strict";
import { test } from "node:test";
import { largePlan, planOfRows, seat, smallPlan } from "./support/plans.ts";
import { read } from "./support/read.ts";

const qualify = (plan: unknown) => read(plan, { duplicateGuids: "qualify" });
const guidsOf = (plan: unknown) => qualify(plan).plan?.seats.map(({ guid }) => guid);

test("guids copied from another zone are made unique with zone and row, all of them, and each is told", () => {
  const plan = smallPlan();
  plan.zones[1].rows[0].seats[0].seat_guid = "F-1-1";
  const { warnings } = qualify(plan);
  assert.deepEqual(guidsOf(plan), ["Floor-1-F-1-1", "F-1-2", "F-2-1", "F-2-2", "Balcony-1-F-1-1"]);
  assert.deepEqual(
    warnings.listed.map(({ path, message }) => [path, message]),
    [
      ["zones[0].rows[0].seats[0].seat_guid", 'The guid "F-1-1" is used 2 times; here it became "Floor-1-F-1-1".'],
      ["zones[1].rows[0].seats[0].seat_guid", 'The guid "F-1-1" is used 2 times; here it became "Balcony-1-F-1-1".'],
    ],
  );
});

test("copies within one row are counted from left to right, whatever order they are drawn in", () => {
  const seats = [seat("AA", "3", 60), seat("AA", "1", 0), seat("AA", "2", 30)];
  const expected = ["Zone-1-AA", "Zone-1-AA#2", "Zone-1-AA#3"];
  assert.deepEqual(guidsOf(planOfRows([{ row_number: "1", seats }])), expected);
  assert.deepEqual(guidsOf(planOfRows([{ row_number: "1", seats: seats.toReversed() }])), expected);
});

test("a made guid never takes that of another seat", () => {
  const rows = [{ row_number: "1", seats: [seat("Zone-1-AA", "1", 0), seat("AA", "2", 30), seat("AA", "3", 60)] }];
  assert.deepEqual(guidsOf(planOfRows(rows)), ["Zone-1-AA", "Zone-1-AA#2", "Zone-1-AA#3"]);
});

test("a made guid has the form of one, even if the zone's name has not", () => {
  const plan = planOfRows([{ row_number: " 1\n", seats: [seat("AA", "1", 0), seat("AA", "2", 30)] }]);
  plan.zones[0].name = "  Left\nbox ";
  assert.deepEqual(guidsOf(plan), ["Left box-1-AA", "Left box-1-AA#2"]);
});

test("a guid that gets too long by it is an error", () => {
  const plan = planOfRows([{ row_number: "1", seats: [seat("AA", "1", 0), seat("AA", "2", 30)] }]);
  plan.zones[0].name = "z".repeat(190);
  const { errors } = qualify(plan);
  assert.match(errors.listed[0]?.message ?? "", /made unique with zone and row, has 195 characters/);
});

test("a plan without repeats is not touched", () => {
  assert.deepEqual(guidsOf(smallPlan()), ["F-1-1", "F-1-2", "F-2-1", "F-2-2", "B-1-1"]);
});

test("200,000 seats with one guid all get one of their own", () => {
  const plan = largePlan(200_000);
  for (const row of plan.zones[0].rows) for (const one of row.seats) one.seat_guid = "AA";
  assert.equal(new Set(guidsOf(plan)).size, 200_000);
});
