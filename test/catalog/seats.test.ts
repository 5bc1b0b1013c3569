import assert from "node:assert/strict";
import { test } from "node:test";
import { v7 as uuidv7 } from "uuid";
import type { EventResponse, PricedSeats, SeatMap, SeatPage, SeatPrice } from "#contracts/catalog.ts";
import { anna, call, callAsService, eventOn, importPlan, publishedEvent } from "./support/catalog.ts";
import { smallPlan } from "./support/plans.ts";

const { venueId } = await importPlan(smallPlan());
const draft = await call<EventResponse>(
  "createEvent",
  eventOn(venueId, { prices: { Stalls: 4500, Circle: 3000 } }),
  anna,
);
const event = await call<EventResponse>("publishEvent", { id: draft.id }, anna);
const map = await call<SeatMap>("getSeatMap", { id: event.id });
const seats = map.zones.flatMap((zone) => zone.rows.flatMap((row) => row.seats));
const ids = seats.map(({ id }) => id);

test("the seat map has zones, rows and seats in their order, with prices", () => {
  assert.equal(map.version, 1);
  const names = map.zones.map((zone) => [
    zone.name,
    zone.rows.map((row) => [row.name, row.seats.map((s) => s.number)]),
  ]);
  assert.deepEqual(names, [
    [
      "Floor",
      [
        ["1", ["1", "2"]],
        ["2", ["1", "2"]],
      ],
    ],
    ["Balcony", [["1", ["1"]]]],
  ]);
  assert.deepEqual(seats.at(-1), {
    id: ids[4],
    index: 4,
    number: "1",
    x: 10,
    y: 100,
    category: "Circle",
    priceMinor: 3000,
  });
});

test("requests for a map that come at once, and later ones, get one and the same", async () => {
  const { id } = await publishedEvent(60);
  const maps = await Promise.all(Array.from({ length: 20 }, () => call<SeatMap>("getSeatMap", { id })));
  assert.equal(new Set([...maps, await call("getSeatMap", { id })]).size, 1);
});

test("pages of seats hold each seat once, and end exactly", async () => {
  for (const count of [1, 4_999, 5_000, 5_001, 12_345]) {
    const { id } = await publishedEvent(count);
    const pages: SeatPage[] = [];
    let after: number | null = -1;
    while (after !== null) {
      const page: SeatPage = await callAsService("listSeats", { eventId: id, afterIndex: after });
      pages.push(page);
      after = page.nextAfterIndex;
    }
    const all: SeatPrice[] = pages.flatMap((page) => page.seats);
    assert.equal(pages.length, Math.ceil(count / 5_000));
    assert.deepEqual(
      all.map(({ index }) => index),
      Array.from({ length: count }, (_, i) => i),
    );
    assert.equal(new Set(all.map(({ seatId }) => seatId)).size, count);
    assert.ok(all.every(({ priceMinor }) => priceMinor === 4500));
  }
});

test("a page after the last seat is empty", async () => {
  const page = await callAsService("listSeats", { eventId: event.id, afterIndex: 4 });
  assert.deepEqual(page, { seats: [], nextAfterIndex: null });
});

test("seats are told apart from what is no seat of the event", async () => {
  const [other] = (
    await callAsService<SeatPage>("listSeats", { eventId: (await publishedEvent(1)).id, afterIndex: -1 })
  ).seats;
  const strangers = [uuidv7(), other?.seatId as string];
  const asked = [ids[3], strangers[0], ids[0]?.toUpperCase(), ids[3], strangers[1]];
  assert.deepEqual(await callAsService("validateSeats", { eventId: event.id, seatIds: asked }), {
    valid: [ids[3], ids[0]],
    unknown: strangers,
  });
  await assert.rejects(callAsService("priceSeats", { eventId: event.id, seatIds: asked }), {
    type: "SEAT_NOT_FOUND",
    data: { seatIds: strangers },
  });
});

test("prices come in the order asked, one a seat", async () => {
  const { currency, prices } = await callAsService<PricedSeats>("priceSeats", {
    eventId: event.id,
    seatIds: [ids[4], ids[0], ids[4]],
  });
  assert.equal(currency, "EUR");
  assert.deepEqual(prices, [
    { seatId: ids[4], priceMinor: 3000, category: "Circle" },
    { seatId: ids[0], priceMinor: 4500, category: "Stalls" },
  ]);
});

test("an unknown event has no seats", async () => {
  const eventId = uuidv7();
  const NONE = { type: "EVENT_NOT_FOUND" };
  await assert.rejects(callAsService("listSeats", { eventId, afterIndex: -1 }), NONE);
  await assert.rejects(callAsService("validateSeats", { eventId, seatIds: ids }), NONE);
  await assert.rejects(callAsService("priceSeats", { eventId, seatIds: ids }), NONE);
  await assert.rejects(call("getSeatMap", { id: eventId }), NONE);
  await assert.rejects(call("getEvent", { id: eventId }), NONE);
});

test("what only services may ask is refused to an organizer", async () => {
  const seatIds = ids.slice(0, 1);
  const FORBIDDEN = { type: "FORBIDDEN" };
  await assert.rejects(call("listSeats", { eventId: event.id, afterIndex: -1 }, anna), FORBIDDEN);
  await assert.rejects(call("validateSeats", { eventId: event.id, seatIds }, anna), FORBIDDEN);
  await assert.rejects(call("priceSeats", { eventId: event.id, seatIds }, anna), FORBIDDEN);
  await assert.rejects(call("getTerms", { eventId: event.id }, anna), FORBIDDEN);
});

test("an event keeps its seats when a venue of fifty thousand is published beside it", async () => {
  const started = performance.now();
  const { id } = await publishedEvent(50_000);
  await callAsService("listSeats", { eventId: id, afterIndex: 44_999 });
  assert.ok(performance.now() - started < 60_000);
  assert.deepEqual(await call("getSeatMap", { id: event.id }), map);
});
