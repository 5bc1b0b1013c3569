import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { CREATE_BOOKING, PAGINATION_QUERY } from "#contracts/booking.ts";
import { CREATE_EVENT } from "#contracts/catalog.ts";
import { compile } from "#contracts/schema.ts";

const ID = "019c0e0a-7c1e-7c3a-9d5e-3f1b2a4c5d6e";
const EVENT = { venueId: ID, name: "Gala", startsAt: "2030-05-01T19:30:00Z", currency: "EUR", prices: {} };
const UUID = /^must be a uuid, like [0-9a-f-]{36}$/;

/** A pattern says nothing to whoever wrote what does not match it. */
const CASES: [field: string, schema: object, value: object, says: RegExp][] = [
  ["eventId", CREATE_BOOKING, { eventId: "12", seatIds: [ID] }, UUID],
  ["seatIds[0]", CREATE_BOOKING, { eventId: ID, seatIds: ["A-1"] }, UUID],
  [
    "currency",
    CREATE_EVENT,
    { ...EVENT, currency: "EURO" },
    /^must be three capital letters as in ISO 4217, like EUR$/,
  ],
  ["startsAt", CREATE_EVENT, { ...EVENT, startsAt: "tomorrow" }, /^must be a date, a time and its offset, like 2027-/],
  ["name", CREATE_EVENT, { ...EVENT, name: "a\nb" }, /^must be one line of text without control characters$/],
  ["cursor", PAGINATION_QUERY, { cursor: "?" }, /^must be meta\.nextCursor of the page before/],
];

describe("a refused field is told what it has to be:", () => {
  for (const [field, schema, value, says] of CASES) {
    test(field, () => {
      const checked = compile(schema)(value);
      assert.ok(!checked.ok);
      assert.deepEqual(
        checked.problems.map((problem) => problem.field),
        [field],
      );
      assert.match(checked.problems[0]?.message ?? "", says);
    });
  }
});
