import assert from "node:assert/strict";
import { test } from "node:test";
import { createPool } from "#mixins/database.mixin.ts";
import type { Released } from "../../services/booking/booking.changes.ts";
import { nextExpiry } from "../../services/booking/booking.repository.ts";
import { expireBookings, sweepAll, sweepDue } from "../../services/booking/booking-sweep.ts";
import {
  bookingRow,
  type Held,
  hold,
  holdEach,
  ownBoxOffice,
  publishedFacts,
  putOnSale,
  seatStates,
  stranger,
  topicsOf,
  untilWaiting,
} from "./support/box-office.ts";

const pool = await ownBoxOffice(12);

const runOut = { expiresIn: "-1 second" };
const single = (seatIds: readonly string[]) => seatIds.map((seatId) => [seatId]);
const freeOf = (released: readonly Released[]) => released.flatMap(({ seats }) => seats.map(({ seatId }) => seatId));

test("a sweep expires what is due and leaves what is not", async () => {
  const { eventId, seatIds } = await putOnSale(pool, 4);
  const due = await hold(pool, eventId, seatIds.slice(0, 2), runOut);
  await hold(pool, eventId, seatIds.slice(2), { expiresIn: "10 minutes" });
  const told: Released[] = [];
  assert.deepEqual(await sweepAll(pool, (released) => told.push(...released)), { expired: 1 });
  const { status, reason, version } = await bookingRow(pool, due);
  assert.deepEqual([status, reason, version], ["CANCELLED", "EXPIRED", 2]);
  assert.deepEqual(await seatStates(pool, eventId), ["AVAILABLE 2", "AVAILABLE 2", "HELD 1", "HELD 1"]);
  assert.deepEqual(told, [{ eventId, seats: seatIds.slice(0, 2).map((seatId) => ({ seatId, version: 2 })) }]);
  const [fact] = await publishedFacts(pool, due);
  assert.equal(fact?.type, "booking.expired");
  assert.equal(fact?.correlationid, due.correlationId);
  assert.deepEqual(await sweepAll(pool, () => assert.fail("nothing came free")), { expired: 0 });
});

test("a chunk takes the earliest, and no more than asked for", async () => {
  const { eventId, seatIds } = await putOnSale(pool, 3);
  const late = await hold(pool, eventId, seatIds.slice(0, 1), { expiresIn: "-1 second" });
  const early = await hold(pool, eventId, seatIds.slice(1), { expiresIn: "-1 minute" });
  const { found, expired } = await sweepDue(pool, { limit: 1 });
  assert.deepEqual([found, expired], [1, 1]);
  assert.equal((await bookingRow(pool, early)).status, "CANCELLED");
  assert.equal((await bookingRow(pool, late)).status, "PENDING");
});

test("eight sweepers expire a thousand due holds, each once", async () => {
  const { eventId, seatIds } = await putOnSale(pool, 1_000);
  await holdEach(pool, eventId, single(seatIds), runOut);
  const told: Released[] = [];
  const swept = await Promise.all(
    Array.from({ length: 8 }, () => sweepAll(pool, (released) => told.push(...released))),
  );
  assert.equal(
    swept.reduce((sum, { expired }) => sum + expired, 0),
    1_000,
  );
  assert.ok(swept.filter(({ expired }) => expired > 0).length > 1, "more than one had a share");
  assert.deepEqual(freeOf(told).sort(), seatIds);
  const topics = topicsOf(await publishedFacts(pool));
  assert.equal(topics.filter((topic) => topic === "booking.expired").length, 1_000);
  assert.deepEqual(new Set(await seatStates(pool, eventId)), new Set(["AVAILABLE 2"]));
});

test("nodes that sweep at once expire ten thousand due holds, each once", async () => {
  const shows = await Promise.all(Array.from({ length: 10 }, () => putOnSale(pool, 1_000)));
  for (const { eventId, seatIds } of shows) await holdEach(pool, eventId, single(seatIds), runOut);
  const url = pool.options.connectionString as string;
  const nodes = Array.from({ length: 4 }, (_, n) => createPool(url, `node-${n}`));
  const told: Released[] = [];
  const swept = await Promise.all(nodes.map((node) => sweepAll(node, (released) => told.push(...released))));
  await Promise.all(nodes.map((node) => node.end()));
  const counts = swept.map(({ expired }) => expired);
  assert.equal(
    counts.reduce((sum, expired) => sum + expired, 0),
    10_000,
    counts.join(),
  );
  assert.ok(counts.filter((expired) => expired > 0).length > 1, `only one had a share: ${counts.join()}`);
  assert.deepEqual(freeOf(told).sort(), shows.flatMap(({ seatIds }) => seatIds).sort());
  const facts = (await publishedFacts(pool)).filter(({ type }) => type === "booking.expired");
  assert.deepEqual([facts.length, new Set(facts.map(({ subject }) => subject)).size], [10_000, 10_000]);
});

test("a seat that stays locked holds up only its own booking", async (t) => {
  const { eventId, seatIds } = await putOnSale(pool, 8);
  const held = await holdEach(pool, eventId, single(seatIds), runOut);
  const other = await stranger(t, pool);
  await other.query("begin");
  await other.query("select from seat_inventory where seat_id = $1 for update", [seatIds[5]]);
  const { found, expired, released } = await sweepDue(pool, { limit: 8 });
  assert.deepEqual([found, expired], [8, 7]);
  assert.deepEqual(
    freeOf(released).sort(),
    seatIds.filter((_, n) => n !== 5),
  );
  assert.equal((await bookingRow(pool, held[5] as Held)).status, "PENDING");
  await other.query("rollback");
  assert.equal((await sweepDue(pool, { limit: 8 })).expired, 1);
});

test("more than a chunk of bookings that another keeps locked stand first: those behind are swept in the same sweep", async (t) => {
  const { eventId, seatIds } = await putOnSale(pool, 600);
  const [first, behind] = [seatIds.slice(0, 350), seatIds.slice(350)];
  await holdEach(pool, eventId, single(first), { expiresIn: "-1 minute" });
  await holdEach(pool, eventId, single(behind), runOut);
  const other = await stranger(t, pool);
  await other.query("begin");
  await other.query("select from seat_inventory where seat_id = any($1::uuid[]) for update", [first]);
  const told: Released[] = [];
  const startedAt = performance.now();
  assert.deepEqual(await sweepAll(pool, (released) => told.push(...released)), { expired: 250 });
  const tookMs = performance.now() - startedAt;
  assert.ok(tookMs < 4_000, `one wait for locks, not one a booking: ${tookMs} ms`);
  assert.deepEqual(freeOf(told).sort(), behind);
  await other.query("rollback");
  assert.deepEqual(await sweepAll(pool, () => {}), { expired: 350 });
});

test("more than a chunk of bookings whose rows contradict one another hold up none behind them", async () => {
  const { eventId, seatIds } = await putOnSale(pool, 130);
  const [first, behind] = [seatIds.slice(0, 110), seatIds.slice(110)];
  const broken = await holdEach(pool, eventId, single(first), { expiresIn: "-1 minute" });
  await holdEach(pool, eventId, single(behind), runOut);
  await pool.query("delete from seat_inventory where seat_id = any($1::uuid[])", [first]);
  const told: Released[] = [];
  await assert.rejects(
    sweepAll(pool, (released) => told.push(...released)),
    { name: "SeatsDisagreeError" },
  );
  assert.deepEqual(freeOf(told).sort(), behind);
  await pool.query("delete from booking_items where booking_id = any($1::uuid[])", [broken.map((b) => b.bookingId)]);
  await pool.query("delete from bookings where id = any($1::uuid[])", [broken.map((b) => b.bookingId)]);
});

for (const [what, broken, mended, name] of [
  [
    "whose seat is another's",
    "update seat_inventory set booking_id = gen_random_uuid() where booking_id = $1",
    "update seat_inventory s set booking_id = $1 from booking_items i where i.booking_id = $1 and s.seat_id = i.seat_id",
    "SeatsDisagreeError",
  ],
  [
    "whose item has ended before it",
    "update booking_items set released_at = clock_timestamp() where booking_id = $1",
    "update booking_items set released_at = null where booking_id = $1",
    "RowsChangedError",
  ],
] as const) {
  test(`a booking ${what} is told of, and holds up only itself`, async () => {
    const { eventId, seatIds } = await putOnSale(pool, 130);
    const held = await holdEach(pool, eventId, single(seatIds), runOut);
    const { bookingId } = held[3] as Held;
    await pool.query(broken, [bookingId]);
    const told: Released[] = [];
    await assert.rejects(
      sweepAll(pool, (released) => told.push(...released)),
      { name },
    );
    assert.equal(freeOf(told).length, 129);
    await pool.query(mended, [bookingId]);
    assert.deepEqual(await sweepAll(pool, () => {}), { expired: 1 });
  });
}

test("a booking that another has locked is left to it", async (t) => {
  const { eventId, seatIds } = await putOnSale(pool, 2);
  const [locked] = await holdEach(pool, eventId, single(seatIds), runOut);
  const other = await stranger(t, pool);
  await other.query("begin");
  await other.query("select from bookings where id = $1 for update", [locked?.bookingId]);
  const { found, expired } = await sweepDue(pool, { limit: 8 });
  assert.deepEqual([found, expired], [1, 1]);
  await other.query("rollback");
  assert.equal((await sweepDue(pool, { limit: 8 })).expired, 1);
});

test("of bookings named to be expired only those that are due and pending are", async () => {
  const { eventId, seatIds } = await putOnSale(pool, 3);
  const due = await hold(pool, eventId, seatIds.slice(0, 1), runOut);
  const running = await hold(pool, eventId, seatIds.slice(1, 2));
  const over = await hold(pool, eventId, seatIds.slice(2), runOut);
  await expireBookings(pool, [over.bookingId]);
  const released = await expireBookings(pool, [over.bookingId, running.bookingId, due.bookingId]);
  assert.deepEqual(released, [{ eventId, seats: [{ seatId: seatIds[0], version: 2 }] }]);
  assert.equal((await bookingRow(pool, running)).status, "PENDING");
  assert.equal((await bookingRow(pool, over)).version, 2);
});

test("a booking that is confirmed while its expiry waits for it is not expired", async (t) => {
  const { eventId, seatIds } = await putOnSale(pool, 1);
  const held = await hold(pool, eventId, seatIds, runOut);
  const other = await stranger(t, pool);
  await other.query("begin");
  await other.query(
    `update bookings set status = 'CONFIRMED', ticket_reference = 'AAAA-AAAA-AAAA', capture_id = gen_random_uuid()
     where id = $1`,
    [held.bookingId],
  );
  await other.query("update seat_inventory set status = 'BOOKED', held_until = null, version = 0");
  const waiting = expireBookings(pool, [held.bookingId]);
  await untilWaiting(pool, 1);
  await other.query("commit");
  assert.deepEqual(await waiting, []);
  assert.equal((await bookingRow(pool, held)).status, "CONFIRMED");
  assert.deepEqual(await publishedFacts(pool), []);
});

test("the next expiry is that of the earliest pending booking, by the database's clock", async () => {
  assert.equal(await nextExpiry(pool), undefined);
  const { eventId, seatIds } = await putOnSale(pool, 3);
  await hold(pool, eventId, seatIds.slice(0, 1), { expiresIn: "10 minutes" });
  await hold(pool, eventId, seatIds.slice(1, 2), { expiresIn: "1 minute" });
  const ms = (await nextExpiry(pool)) as number;
  assert.ok(ms > 40_000 && ms <= 60_000, `${ms}`);
  await hold(pool, eventId, seatIds.slice(2), { expiresIn: "-1 minute" });
  assert.ok(((await nextExpiry(pool)) as number) <= -60_000);
  await sweepAll(pool, () => {});
  assert.ok(((await nextExpiry(pool)) as number) > 0);
});
