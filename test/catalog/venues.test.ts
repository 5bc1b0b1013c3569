import assert from "node:assert/strict";
import { test } from "node:test";
import { v5 as uuidv5 } from "uuid";
import { anna, bert, call, eventOn, importPlan, pool } from "./support/catalog.ts";
import { largePlan, smallPlan } from "./support/plans.ts";

test("an imported plan is a venue of its organizer with seats, categories and version 1", async () => {
  const venue = await importPlan(smallPlan());
  assert.equal(venue.version, 1);
  assert.equal(venue.seats, 5);
  assert.deepEqual(venue.categories, [
    { name: "Stalls", seats: 4 },
    { name: "Circle", seats: 1 },
  ]);
  const { rows } = await pool.query("select id, guid, x, y from seats where venue_id = $1 order by seat_index", [
    venue.venueId,
  ]);
  assert.deepEqual(rows.at(-1), { id: uuidv5("B-1-1", venue.venueId), guid: "B-1-1", x: 10, y: 100 });
});

test("a plan with errors is refused with all of them, and nothing is stored", async () => {
  const count = async () => (await pool.query("select count(*) from venues")).rows[0].count;
  const before = await count();
  const plan = smallPlan();
  plan.zones[0].rows[0].seats[0].category = "";
  plan.extra = true;
  await assert.rejects(importPlan(plan), (error: { type: string; data: { errors: unknown[]; errorCount: number } }) => {
    assert.equal(error.type, "SEATING_PLAN_INVALID");
    assert.equal(error.data.errorCount, 2);
    assert.deepEqual(Object.keys(error.data.errors[1] as object), ["path", "zone", "row", "seat", "message"]);
    return true;
  });
  await assert.rejects(call("importVenue", {}, anna), { type: "SEATING_PLAN_INVALID" });
  assert.equal(await count(), before);
});

test("the same plan again is the same venue, to the same organizer only", async () => {
  const plan = { ...smallPlan(), name: "Twice" };
  const reordered = JSON.parse(JSON.stringify(plan));
  reordered.zones[0].rows[0].seats.reverse();
  const [first, second, other] = [await importPlan(plan), await importPlan(reordered), await importPlan(plan, bert)];
  assert.equal(first.venueId, second.venueId);
  assert.notEqual(first.venueId, other.venueId);
});

test("one plan imported by five requests at once is one venue, with its seats once", async () => {
  const plan = { ...largePlan(12_000), name: "At once" };
  const venues = await Promise.all(Array.from({ length: 5 }, () => importPlan(plan)));
  const [venueId] = new Set(venues.map((venue) => venue.venueId));
  assert.equal(new Set(venues.map((venue) => venue.venueId)).size, 1);
  const { rows } = await pool.query("select count(*), max(seat_index) from seats where venue_id = $1", [venueId]);
  assert.deepEqual(rows, [{ count: "12000", max: 11_999 }]);
});

test("a venue can only be used by its organizer; to another it does not exist", async () => {
  const { venueId } = await importPlan(largePlan(3));
  await assert.rejects(call("createEvent", eventOn(venueId), bert), { type: "VENUE_NOT_FOUND" });
});

test("text and numbers at the edge of what is allowed are stored as they are", async () => {
  const plan = smallPlan();
  const [seat] = plan.zones[0].rows[0].seats;
  Object.assign(seat, {
    seat_guid: "\t'\\\"é😀\u00a0",
    seat_number: "😀".repeat(190),
    position: { x: -1e300, y: 0.1 },
  });
  const { venueId } = await importPlan(plan);
  const { rows } = await pool.query(
    "select guid, seat_number, x, y from seats where venue_id = $1 and seat_index = 0",
    [venueId],
  );
  assert.deepEqual(rows, [{ guid: seat.seat_guid, seat_number: seat.seat_number, x: -1e300, y: 10.1 }]);
});

test("importing needs the scope", async () => {
  const buyer = { id: "carl", organizer: "carl", scopes: [] };
  await assert.rejects(importPlan(smallPlan(), buyer), { type: "FORBIDDEN" });
  await assert.rejects(call("importVenue", { plan: smallPlan() }), { type: "UNAUTHORIZED" });
});
