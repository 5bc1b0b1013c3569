import assert from "node:assert/strict";
import { test } from "node:test";
import type { SeatingPlan } from "../../services/catalog/seating-plan.ts";
import { fc } from "../support/property.ts";
import { goodPlan, type MadePlan, type MadeSeat, objectsIn } from "./support/any-plan.ts";
import { read } from "./support/read.ts";

test("a plan that obeys the format comes out with exactly its seats, numbered without a gap by zone and row", () => {
  fc.assert(
    fc.property(goodPlan, ({ json, seats }) => {
      const { plan, errors } = read(json);
      assert.deepEqual(errors.listed, []);
      assert(plan);
      assert.deepEqual(
        plan.seats.map(({ index }) => index),
        seats.map((_, index) => index),
      );
      const made = ({ guid, number, zone, row, category, x, y }: MadeSeat) => ({
        guid,
        number,
        zone,
        row,
        category,
        x,
        y,
      });
      const byGuid = (a: { guid: string }, b: { guid: string }) => (a.guid < b.guid ? -1 : 1);
      assert.deepEqual(plan.seats.map(made).toSorted(byGuid), seats.toSorted(byGuid));
      const places = plan.seats.map(({ zoneIndex, rowIndex }) => zoneIndex * 1_000 + rowIndex);
      assert.deepEqual(
        places,
        places.toSorted((a, b) => a - b),
      );
      const counted = plan.categories.reduce((sum, category) => sum + category.seats, 0);
      assert.equal(counted, seats.length);
    }),
  );
});

const order = (plan: SeatingPlan | null) => plan?.seats.map(({ guid }) => guid);

test("the order of seats does not come from the order in which they are listed", () => {
  fc.assert(
    fc.property(goodPlan, fc.infiniteStream(fc.nat()), ({ json }, ranks) => {
      const shuffled = structuredClone(json);
      for (const { object } of objectsIn(shuffled)) {
        if (!Array.isArray(object.seats)) continue;
        const ranked = object.seats.map((seat) => ({ seat, rank: ranks.next().value as number }));
        object.seats = ranked.sort((a, b) => a.rank - b.rank).map(({ seat }) => seat);
      }
      assert.deepEqual(order(read(shuffled).plan), order(read(json).plan));
    }),
  );
});

/** Ways to break a plan at one place: what it does there, and where the problem must be told. */
type Break = (plan: MadePlan["json"], n: number) => string | undefined;
const REQUIRED = /^(name|size|width|height|position|rows|row_number|seats|seat_guid|seat_number|category|x|y)$/;
const someObject = (plan: unknown, n: number, has = (_: Record<string, unknown>) => true) => {
  const all = objectsIn(plan).filter(({ object }) => has(object));
  return all[n % Math.max(all.length, 1)];
};
const someSeat = (plan: unknown, n: number) => someObject(plan, n, (object) => "seat_guid" in object);
const within = (path: string, key: string) => (path ? `${path}.${key}` : key);
const put =
  (key: string, value: unknown): Break =>
  (plan, n) => {
    const seat = someSeat(plan, n);
    if (!seat) return undefined;
    seat.object[key] = value;
    return within(seat.path, key);
  };

const BREAKS: Record<string, Break> = {
  "an unknown key": (plan, n) => {
    const { object, path } = someObject(plan, n) as { object: Record<string, unknown>; path: string };
    object.surplus = 1;
    return within(path, "surplus");
  },
  "a wrong type": (plan, n) => {
    const { object, path } = someObject(plan, n) as { object: Record<string, unknown>; path: string };
    const keys = Object.keys(object).filter((key) => !(path === "" && key === "zones"));
    const key = keys[n % Math.max(keys.length, 1)];
    if (key === undefined) return undefined;
    object[key] = typeof object[key] === "boolean" ? 1 : true;
    return within(path, key);
  },
  "a key that is missing": (plan, n) => {
    const { object, path } = someObject(plan, n) as { object: Record<string, unknown>; path: string };
    const isOptional = (key: string) =>
      (key === "name" && /^zones\[\d+\]$/.test(path)) || (key === "position" && "row_number" in object);
    const keys = Object.keys(object).filter((key) => REQUIRED.test(key) && !isOptional(key));
    const key = keys[n % Math.max(keys.length, 1)];
    if (key === undefined) return undefined;
    delete object[key];
    return within(path, key);
  },
  "a guid that another seat has": (plan, n) => {
    const seats = objectsIn(plan).filter(({ object }) => "seat_guid" in object);
    const [first, second] = [seats[0], seats.at(1 + (n % Math.max(seats.length - 1, 1)))];
    if (!first || !second) return undefined;
    second.object.seat_guid = first.object.seat_guid;
    return within(second.path, "seat_guid");
  },
  "an empty guid": put("seat_guid", ""),
  "a guid with a space at its end": put("seat_guid", "guid "),
  "a category that the plan does not have": put("category", "a category of nobody"),
  "no category": put("category", ""),
  "a number that is too long": put("seat_number", "9".repeat(191)),
  "a NUL": put("seat_number", "1\0"),
  "half a character": put("seat_number", "\ud800"),
};

for (const [what, broken] of Object.entries(BREAKS)) {
  test(`a plan with ${what} is refused, and the problem told at its place`, () => {
    fc.assert(
      fc.property(goodPlan, fc.nat(), ({ json }, n) => {
        const path = broken(json, n);
        fc.pre(path !== undefined);
        const { plan, errors } = read(json);
        assert.equal(plan, null);
        const paths = errors.listed.map((problem) => problem.path);
        assert(paths.includes(path), `${path} is not among ${paths}`);
      }),
      { numRuns: 100 },
    );
  });
}

/** Whatever came of it: a plan with each guid once and no problem, or no plan and what is wrong with it. */
function assertVerdict(input: unknown): void {
  const { plan, errors } = read(input);
  assert.equal(plan === null, errors.count > 0);
  const guids = order(plan) ?? [];
  assert.equal(new Set(guids).size, guids.length);
  for (const { message, path } of errors.listed) assert(message.length > 0 && typeof path === "string");
}

test("whatever is sent in place of a plan gets a verdict, and nothing is thrown", () => {
  fc.assert(fc.property(fc.anything({ withNullPrototype: true }), assertVerdict));
});

test("whatever stands in one place of a plan, there is a verdict and no guid twice", () => {
  fc.assert(
    fc.property(goodPlan, fc.nat(), fc.nat(), fc.jsonValue(), ({ json }, n, m, value) => {
      const { object } = someObject(json, n) as { object: Record<string, unknown> };
      const keys = Object.keys(object);
      object[keys[m % Math.max(keys.length, 1)] ?? "surplus"] = value;
      assertVerdict(json);
    }),
  );
});

test("guids that repeat are made unique when that is wished, whatever they are", () => {
  fc.assert(
    fc.property(goodPlan, fc.infiniteStream(fc.constantFrom("aa", "ab", "aa#2", "-aa")), ({ json, seats }, guids) => {
      for (const { object } of objectsIn(json)) if ("seat_guid" in object) object.seat_guid = guids.next().value;
      const { plan, errors } = read(json, { duplicateGuids: "qualify" });
      if (errors.count > 0) return assert.equal(plan, null);
      assert.equal(new Set(order(plan)).size, seats.length);
    }),
  );
});
