import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { v7 as uuidv7 } from "uuid";
import { config } from "#config";
import type { Page } from "#contracts/booking.ts";
import type { EventResponse } from "#contracts/catalog.ts";
import type { FactData } from "#contracts/events.ts";
import { anna, bert, call, callAsService, eventOn, importPlan, publishedEvent } from "./support/catalog.ts";
import { smallPlan } from "./support/plans.ts";

const { venueId } = await importPlan(smallPlan());
const wish = (change: object = {}) => eventOn(venueId, { prices: { Stalls: 4500, Circle: 3000 }, ...change });
const create = (change: object = {}, user = anna) => call<EventResponse>("createEvent", wish(change), user);

test("a new event is a draft that only its organizer knows of", async () => {
  const event = await create();
  assert.deepEqual(event, {
    id: event.id,
    name: "Gala",
    startsAt: "2030-05-01T17:30:00.000Z",
    venue: { id: venueId, name: "Small hall" },
    currency: "EUR",
    priceMinMinor: 3000,
    priceMaxMinor: 4500,
    status: "DRAFT",
  });
  await assert.rejects(call("getEvent", { id: event.id }, anna), { type: "EVENT_NOT_FOUND" });
  await assert.rejects(call("getSeatMap", { id: event.id }), { type: "EVENT_NOT_FOUND" });
  for (const action of ["getTerms", "listSeats"]) {
    const params = { eventId: event.id, ...(action === "listSeats" && { afterIndex: -1 }) };
    await assert.rejects(callAsService(action, params), { type: "EVENT_NOT_FOUND" });
  }
  await assert.rejects(call("publishEvent", { id: event.id }, bert), { type: "EVENT_NOT_FOUND" });
});

const REFUSED: [what: string, change: object, type: string, details?: object][] = [
  ["a category without price", { prices: { Stalls: 1 } }, "PRICE_MISSING", { missing: ["Circle"] }],
  ["a price for no category", { prices: { Stalls: 1, Circle: 1, Box: 1 } }, "PRICE_MISSING", { unknown: ["Box"] }],
  ["an unknown venue", { venueId: uuidv7() }, "VENUE_NOT_FOUND"],
  [
    "a day that is not on the calendar",
    { startsAt: "2030-02-30T10:00:00Z" },
    "VALIDATION_ERROR",
    { field: "startsAt" },
  ],
  ["an hour that no day has", { startsAt: "2030-02-20T25:00:00Z" }, "VALIDATION_ERROR", { field: "startsAt" }],
  ["a year far away", { startsAt: "9999-01-01T00:00:00Z" }, "VALIDATION_ERROR", { field: "startsAt" }],
  ["a time without offset", { startsAt: "2030-02-20T20:00:00" }, "VALIDATION_ERROR"],
  ["an unknown currency", { currency: "ABC" }, "VALIDATION_ERROR", { field: "currency" }],
  [
    "a sale that ends before it begins",
    { saleFrom: "2030-01-02T00:00:00Z", saleUntil: "2030-01-01T00:00:00Z" },
    "VALIDATION_ERROR",
    { field: "saleUntil" },
  ],
  [
    "a sale that begins after the event",
    { saleFrom: "2031-01-01T00:00:00Z" },
    "VALIDATION_ERROR",
    { field: "saleFrom" },
  ],
  ["a negative price", { prices: { Stalls: -1, Circle: 1 } }, "VALIDATION_ERROR"],
  ["an empty name", { name: "  " }, "VALIDATION_ERROR"],
  ["an unknown field", { color: "red" }, "VALIDATION_ERROR"],
];

suite("an event is refused for", () => {
  for (const [what, change, type, details] of REFUSED) {
    test(what, async () => {
      await assert.rejects(create(change), (error: { type: string; data?: object }) => {
        assert.equal(error.type, type);
        if (details) assert.partialDeepStrictEqual({ ...error.data, ...first(error.data) }, details);
        return true;
      });
    });
  }
});

const first = (data: object | undefined) => (data as { errors?: object[] } | undefined)?.errors?.[0];

test("a venue without seats has nothing to sell", async () => {
  const empty = await importPlan({ ...smallPlan(), zones: [] });
  await assert.rejects(call("createEvent", eventOn(empty.venueId, { prices: {} }), anna), { type: "VALIDATION_ERROR" });
});

test("an event with a chosen id is made once, and the id is not given to another organizer", async () => {
  const id = uuidv7();
  const made = await create({ id });
  assert.deepEqual(await create({ id: id.toUpperCase(), name: "Other", startsAt: "2031-01-01T00:00:00Z" }), made);
  const theirs = await importPlan(smallPlan(), bert);
  await assert.rejects(create({ id, venueId: theirs.venueId }, bert), { type: "VALIDATION_ERROR" });
});

test("a category named like a property of every object can be priced and sold", async () => {
  const odd = JSON.parse(JSON.stringify(smallPlan()).replaceAll('"Circle"', '"constructor"'));
  const venue = await importPlan(odd);
  const wished = eventOn(venue.venueId, { prices: { Stalls: 1, constructor: 2 } });
  const { id } = await call<EventResponse>("createEvent", wished, anna);
  const event = await call<EventResponse>("publishEvent", { id }, anna);
  assert.deepEqual([event.priceMinMinor, event.priceMaxMinor], [1, 2]);
  await assert.rejects(create({ prices: { Stalls: 1, Circle: 1, constructor: 2 } }), { type: "PRICE_MISSING" });
});

test("publishing puts terms with their defaults before the services, once", async () => {
  const event = await create({ saleUntil: "2030-05-01T12:00:00Z" });
  const published = await call<EventResponse>("publishEvent", { id: event.id }, anna);
  assert.deepEqual(published, { ...event, status: "PUBLISHED" });
  const terms = await callAsService<FactData<"event.published">>("getTerms", { eventId: event.id });
  assert.deepEqual(terms, {
    eventId: event.id,
    version: 1,
    organizerId: "anna",
    venueId,
    name: "Gala",
    startsAt: "2030-05-01T17:30:00.000Z",
    currency: "EUR",
    holdSeconds: config.holdSeconds,
    maxSeats: config.maxSeatsPerBooking,
    saleFrom: null,
    saleUntil: "2030-05-01T12:00:00.000Z",
    prices: { Stalls: 4500, Circle: 3000 },
    seatCount: 5,
  });
});

test("the list of published events is paged by start, each event once", async () => {
  const made: string[] = [];
  for (const day of [3, 1, 2, 2, 2]) {
    const { id } = await publishedEvent(1, { startsAt: `2029-01-0${day}T20:00:00Z` });
    made.push(id);
  }
  const seen: EventResponse[] = [];
  let cursor: string | null | undefined;
  do {
    const page: Page<EventResponse> = await call("listEvents", { limit: 2, ...(cursor && { cursor }) });
    assert.ok(page.items.length <= 2);
    seen.push(...page.items);
    cursor = page.nextCursor;
  } while (cursor);
  const starts = seen.map(({ startsAt }) => startsAt);
  assert.deepEqual(starts, starts.toSorted());
  assert.equal(new Set(seen.map(({ id }) => id)).size, seen.length);
  assert.deepEqual(
    seen
      .slice(0, 5)
      .map(({ id }) => id)
      .sort(),
    made.sort(),
  );
  assert.ok(seen.every(({ status }) => status === "PUBLISHED"));
});

test("a cursor that no page gave is refused", async () => {
  for (const text of ["2029-01-01", "2029-99-01T20:00:00.000Z 00000000-0000-4000-8000-000000000001", "x"]) {
    const cursor = Buffer.from(text).toString("base64url");
    await assert.rejects(call("listEvents", { cursor }), { type: "VALIDATION_ERROR" });
  }
});
