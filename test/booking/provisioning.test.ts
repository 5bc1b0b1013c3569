import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { ServiceBroker } from "moleculer";
import type { SeatPage } from "#contracts/catalog.ts";
import { EventDirectory } from "../../services/booking/event.directory.ts";
import type { ServiceCall } from "../../services/booking/service-call.ts";
import { pool as catalogPool } from "../catalog/support/catalog.ts";
import { until } from "../support/until.ts";
import {
  announced,
  catalog,
  deliver,
  inventoryOf,
  lines,
  loaded,
  mark,
  pool,
  provisioner,
  shelfOf,
  type Terms,
} from "./support/shelf.ts";

const indexes = (count: number) => Array.from({ length: count }, (_, index) => index);
const indexesOf = async (eventId: string) => (await shelfOf(eventId)).map(({ index }) => index);

/** Catalog as seen through a line that is cut after some pages, until it is mended. */
function cutAfter(pages: number) {
  const asked: number[] = [];
  const mended = Promise.withResolvers<void>();
  const call: ServiceCall = async (action, params) => {
    asked.push((params as { afterIndex: number }).afterIndex);
    if (asked.length > pages) await mended.promise;
    return catalog(action, params);
  };
  return { call, asked, mend: mended.resolve };
}

const leaseRunsOut = (eventId: string) =>
  pool.query("update event_inventory set lease_until = clock_timestamp() where event_id = $1", [eventId]);

/** The terms of a later version, with another price for all seats. */
async function repriced(terms: Terms, priceMinor: number): Promise<Terms> {
  const { eventId, version } = terms;
  await catalogPool.query("update events set version = $2 where id = $1", [eventId, version + 1]);
  await catalogPool.query("update event_seat_prices set price_minor = $2 where event_id = $1", [eventId, priceMinor]);
  return catalog("catalog.getTerms", { eventId });
}

test("an announced event waits without seats, then has all of them, in their places and at their prices", async () => {
  const terms = await announced(12_001);
  assert.equal(await deliver(terms), 1);
  assert.deepEqual(await inventoryOf(terms.eventId), { status: "LOADING", version: 1, loaded: 0, maxSeats: 10 });
  assert.deepEqual(await shelfOf(terms.eventId), []);
  await loaded(terms.eventId);
  assert.deepEqual(await inventoryOf(terms.eventId), { status: "ON_SALE", version: 1, loaded: 1, maxSeats: 10 });
  const expected = indexes(12_001).map((index) => ({ index, price: 4_500, status: "AVAILABLE" }));
  assert.deepEqual(await shelfOf(terms.eventId), expected);
  assert.equal(await provisioner().runOnce(), false);
});

test("an event without seats is on sale too", async () => {
  const terms = { ...(await announced(1)), seatCount: 0 };
  await deliver(terms);
  await provisioner(async <T>() => ({ seats: [], nextAfterIndex: null }) as T).runOnce();
  assert.equal((await inventoryOf(terms.eventId))?.status, "ON_SALE");
});

test("an event announced again, or with a lower version, changes nothing", async () => {
  const terms = await announced(3);
  await deliver({ ...terms, version: 2 });
  await provisioner().runOnce();
  const before = await inventoryOf(terms.eventId);
  assert.deepEqual(before, { status: "ON_SALE", version: 2, loaded: 2, maxSeats: 10 });
  await deliver({ ...terms, version: 2, maxSeats: 4 }, { ...terms, version: 1, maxSeats: 5 });
  assert.deepEqual(await inventoryOf(terms.eventId), before);
  assert.equal(await provisioner().runOnce(), false);
});

test("a higher version takes effect at once, and gives new prices to seats that are free, on sale all the while", async () => {
  const terms = await announced(4);
  await deliver(terms);
  await provisioner().runOnce();
  await mark(terms.eventId, 1, "HELD");
  await mark(terms.eventId, 2, "BOOKED");
  await deliver({ ...(await repriced(terms, 9_900)), maxSeats: 2 });
  assert.deepEqual(await inventoryOf(terms.eventId), { status: "ON_SALE", version: 2, loaded: 1, maxSeats: 2 });
  await provisioner().runOnce();
  assert.deepEqual(await inventoryOf(terms.eventId), { status: "ON_SALE", version: 2, loaded: 2, maxSeats: 2 });
  assert.deepEqual(await shelfOf(terms.eventId), [
    { index: 0, price: 9_900, status: "AVAILABLE" },
    { index: 1, price: 4_500, status: "HELD" },
    { index: 2, price: 4_500, status: "BOOKED" },
    { index: 3, price: 9_900, status: "AVAILABLE" },
  ]);
});

test("prices that change while seats are fetched are right in the end, whoever fetches the rest", async () => {
  const terms = await announced(6_000);
  await deliver(terms);
  const line = cutAfter(1);
  const killed = provisioner(line.call).runOnce();
  await until(async () => (await shelfOf(terms.eventId)).length === 5_000, { what: "the first page" });
  await deliver(await repriced(terms, 100));
  await leaseRunsOut(terms.eventId);
  await loaded(terms.eventId);
  assert.deepEqual(new Set((await shelfOf(terms.eventId)).map(({ price }) => price)), new Set([100]));
  assert.equal((await inventoryOf(terms.eventId))?.loaded, 2);
  line.mend();
  await killed;
});

test("two nodes share three events, and load each seat once", async () => {
  const all = await Promise.all([announced(7_000), announced(30), announced(5_000)]);
  await deliver(...all);
  const asked: string[] = [];
  const counted: ServiceCall = (action, params) => {
    const { eventId, afterIndex } = params as { eventId: string; afterIndex: number };
    asked.push(`${eventId} ${afterIndex}`);
    return catalog(action, params);
  };
  const nodes = [provisioner(counted), provisioner(counted)];
  for (const node of nodes) node.wake();
  const onSale = async () => (await Promise.all(all.map((t) => inventoryOf(t.eventId)))).every((i) => i?.loaded === 1);
  await until(onSale, { what: "all three events to be on sale" });
  // They would take the events of the tests that follow.
  await Promise.all(nodes.map((node) => node.stop()));
  for (const { eventId, seatCount } of all) assert.deepEqual(await indexesOf(eventId), indexes(seatCount));
  assert.equal(asked.length, 4, "four pages in all");
  assert.equal(new Set(asked).size, 4, "none asked for twice");
});

test("when a node is lost in the middle another goes on where it ended, and the lost one writes no more", async () => {
  const terms = await announced(11_000);
  await deliver(terms);
  const line = cutAfter(1);
  const lost = provisioner(line.call).runOnce();
  await until(async () => (await shelfOf(terms.eventId)).length === 5_000, { what: "the first page" });
  assert.equal(await provisioner().runOnce(), false, "while the lease lasts nobody else may");

  await leaseRunsOut(terms.eventId);
  const rest = cutAfter(9);
  assert.equal(await provisioner(rest.call).runOnce(), true);
  assert.deepEqual(rest.asked, [4_999, 9_999]);
  assert.deepEqual(await indexesOf(terms.eventId), indexes(11_000));

  await pool.query("delete from seat_inventory where event_id = $1 and seat_index = 7000", [terms.eventId]);
  line.mend();
  await lost;
  assert.equal((await shelfOf(terms.eventId)).length, 10_999, "what it still had in hand was not written");
  assert.ok(lines.some((line) => line.includes(`event ${terms.eventId} is left to another`)));
});

test("a node that stops leaves the rest to another at once", async () => {
  const terms = await announced(11_000);
  await deliver(terms);
  const line = cutAfter(2);
  const stopping = provisioner(line.call);
  stopping.wake();
  await until(async () => (await shelfOf(terms.eventId)).length === 10_000, { what: "two pages" });
  const stopped = stopping.stop();
  line.mend();
  await stopped;
  await stopping.stop();
  await loaded(terms.eventId);
  assert.deepEqual(await indexesOf(terms.eventId), indexes(11_000));
});

test("a shelf with a gap is filled from its start", async () => {
  const terms = await announced(6_000);
  await deliver(terms);
  const line = cutAfter(1);
  const lost = provisioner(line.call).runOnce();
  await until(async () => (await shelfOf(terms.eventId)).length === 5_000, { what: "the first page" });
  await pool.query("delete from seat_inventory where event_id = $1 and seat_index = 17", [terms.eventId]);
  await leaseRunsOut(terms.eventId);
  await loaded(terms.eventId);
  assert.deepEqual(await indexesOf(terms.eventId), indexes(6_000));
  assert.equal((await inventoryOf(terms.eventId))?.status, "ON_SALE");
  line.mend();
  await lost;
});

for (const [said, difference] of [
  ["fewer", 1],
  ["more", -1],
] as const) {
  test(`an event of which catalog lists ${said} seats than were announced is not sold, until its terms are right`, async () => {
    const terms = await announced(5);
    await deliver({ ...terms, seatCount: 5 + difference });
    const node = provisioner();
    assert.equal(await node.runOnce(), true);
    assert.equal((await inventoryOf(terms.eventId))?.status, "LOADING");
    assert.ok(lines.some((l) => l.startsWith("error") && l.includes(terms.eventId) && l.includes("announced")));
    assert.equal(await node.runOnce(), false, "it waits before it tries again");
    await deliver({ ...terms, version: 2 });
    await until(() => node.runOnce(), { what: "the next try" });
    assert.equal((await inventoryOf(terms.eventId))?.status, "ON_SALE");
  });
}

for (const [announcedSeats, missing] of [
  [5, 2],
  [4, 2],
] as const) {
  test(`${announcedSeats} seats announced, and catalog lists indexes 0 to 4 without ${missing}: it is not sold`, async () => {
    const terms = await announced(5);
    await deliver({ ...terms, seatCount: announcedSeats });
    const holed: ServiceCall = async <T>(action: string, params: object) => {
      const page = await catalog<SeatPage>(action, params);
      return { ...page, seats: page.seats.filter(({ index }) => index !== missing) } as T;
    };
    await provisioner(holed).runOnce();
    assert.equal((await inventoryOf(terms.eventId))?.status, "LOADING");
    // It would be tried again in the tests that follow.
    await pool.query("delete from event_inventory where event_id = $1", [terms.eventId]);
  });
}

test("while catalog is away an event waits, and is on sale when catalog is back", async () => {
  const terms = await announced(8);
  await deliver(terms);
  const nowhere = new ServiceBroker({ logger: false });
  let away = true;
  const node = provisioner((action, params) => (away ? nowhere.call(action, params) : catalog(action, params)));
  node.wake();
  await until(() => lines.some((l) => l.startsWith("warn") && l.includes(terms.eventId)), { what: "a failed try" });
  away = false;
  await until(async () => (await inventoryOf(terms.eventId))?.status === "ON_SALE", { what: "the event on sale" });
});

/** A directory that counts what it asks of catalog and how often it wakes the provisioner. */
function directory(call: ServiceCall = catalog) {
  const counts = { asked: 0, woken: 0 };
  const counted: ServiceCall = (action, params) => {
    counts.asked += 1;
    return call(action, params);
  };
  return { counts, ask: new EventDirectory({ pool, call: counted, onRecorded: () => counts.woken++ }) };
}

const askedBy = async (askers: number, ask: EventDirectory, eventId: string) => {
  const answers = await Promise.allSettled(Array.from({ length: askers }, () => ask.require(eventId)));
  return answers.map((answer) => (answer.status === "rejected" ? answer.reason : undefined));
};

test("an event nobody knows is asked of catalog once by fifty at once, and again only a second later", async () => {
  const { ask, counts } = directory();
  const eventId = randomUUID();
  for (const error of await askedBy(50, ask, eventId)) assert.equal(error.type, "EVENT_NOT_FOUND");
  assert.equal(counts.asked, 1);
  await assert.rejects(ask.require(eventId), { type: "EVENT_NOT_FOUND" });
  assert.equal(counts.asked, 1);
  await until(async () => (await askedBy(1, ask, eventId)) && counts.asked === 2, { what: "a second question" });
});

test("an event whose fact is not here yet is written down once by fifty who want it, and loading is said", async () => {
  const { eventId } = await announced(3);
  const { ask, counts } = directory();
  for (const error of await askedBy(50, ask, eventId)) {
    assert.equal(error.type, "EVENT_NOT_ON_SALE");
    assert.equal(error.retryable, true);
    assert.deepEqual(error.data, { status: "LOADING" });
  }
  assert.deepEqual(counts, { asked: 1, woken: 1 });
  await provisioner().runOnce();
  await ask.require(eventId);
  assert.deepEqual(counts, { asked: 1, woken: 1 });
});

test("with catalog away a known event is sold and an unknown one answers that it cannot be told now", async () => {
  const terms = await announced(3);
  await deliver(terms);
  await provisioner().runOnce();
  const nowhere = new ServiceBroker({ logger: false });
  const { ask } = directory((action, params) => nowhere.call(action, params));
  await ask.require(terms.eventId);
  await assert.rejects(ask.require(randomUUID()), { type: "SERVICE_UNAVAILABLE", retryable: true });
});
