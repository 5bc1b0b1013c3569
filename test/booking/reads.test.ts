import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { BOOKING_RESPONSE, PAGINATION_QUERY } from "#contracts/booking.ts";
import { compile } from "#contracts/schema.ts";
import { transaction } from "#mixins/transaction.ts";
import { findById, findByUserId, findExpired } from "../../services/booking/booking.repository.ts";
import { bookingRow, consume, hold, ownBoxOffice, PRICE, paid, putOnSale } from "./support/box-office.ts";

const pool = await ownBoxOffice();

const checkResponse = compile(BOOKING_RESPONSE);
const checkQuery = compile(PAGINATION_QUERY);

test("a booking is answered with its seats in the order of their ids", async () => {
  const { eventId, seatIds } = await putOnSale(pool, 3);
  const held = await hold(pool, eventId, [...seatIds].reverse());
  const found = await findById(pool, held.bookingId, "alice");
  const { expires_at, created_at } = await bookingRow(pool, held);
  assert.deepEqual(found, {
    id: held.bookingId,
    eventId,
    status: "PENDING",
    reason: null,
    seats: seatIds.map((seatId) => ({ seatId, priceMinor: PRICE })),
    totalMinor: 3 * PRICE,
    currency: "EUR",
    expiresAt: expires_at.toISOString(),
    ticketReference: null,
    createdAt: created_at.toISOString(),
  });
  assert.equal(checkResponse(structuredClone(found)).ok, true);
});

test("a confirmed booking is answered with its ticket reference", async () => {
  const { eventId, seatIds } = await putOnSale(pool, 1);
  const held = await hold(pool, eventId, seatIds);
  await consume(pool, paid(held));
  const found = await findById(pool, held.bookingId, "alice");
  assert.equal(found?.status, "CONFIRMED");
  assert.equal(found?.ticketReference, (await bookingRow(pool, held)).ticket_reference);
});

test("nobody finds another's booking, nor one that does not exist", async () => {
  const { eventId, seatIds } = await putOnSale(pool, 1);
  const held = await hold(pool, eventId, seatIds);
  assert.equal(await findById(pool, held.bookingId, "mallory"), undefined);
  assert.equal(await findById(pool, randomUUID(), "alice"), undefined);
  assert.deepEqual((await findByUserId(pool, "mallory", {})).items, []);
});

test("pages give each of a user's bookings once, newest first, also those of one microsecond", async () => {
  const { eventId, seatIds } = await putOnSale(pool, 9);
  const times = ["00.000001", "00.000002", "00.000002", "00.000002", "00.000003", "00.001", "01", "01"];
  for (const [n, time] of times.entries()) {
    await hold(pool, eventId, [seatIds[n] as string], { createdAt: `2026-05-01T10:00:${time}Z` });
  }
  await hold(pool, eventId, seatIds.slice(8), { userId: "bob" });
  const { rows } = await pool.query(
    "select id from bookings where user_id = 'alice' order by created_at desc, id desc",
  );

  for (const limit of [1, 2, 3, 8, 100]) {
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await findByUserId(pool, "alice", { limit, ...(cursor && { cursor }) });
      assert.equal(page.limit, limit);
      assert.ok(page.items.length > 0 && page.items.length <= limit);
      seen.push(...page.items.map(({ id }) => id));
      cursor = page.nextCursor ?? undefined;
      if (cursor) assert.equal(checkQuery({ cursor }).ok, true, "the API takes the cursors that it gives");
    } while (cursor);
    assert.deepEqual(
      seen,
      rows.map(({ id }) => id),
      `by ${limit}`,
    );
  }
});

test("a page has 20 bookings unless asked otherwise", async () => {
  const { eventId, seatIds } = await putOnSale(pool, 21);
  for (const seatId of seatIds) await hold(pool, eventId, [seatId]);
  const { items, limit, nextCursor } = await findByUserId(pool, "alice", {});
  assert.deepEqual([items.length, limit], [20, 20]);
  assert.equal((await findByUserId(pool, "alice", { cursor: nextCursor as string })).items.length, 1);
});

const encoded = (text: string) => Buffer.from(text).toString("base64url");
const BROKEN = [
  "x",
  "____",
  encoded("1"),
  encoded(`1 ${"0".repeat(36)}`),
  encoded(`-1 ${randomUUID()}`),
  encoded(`1e9 ${randomUUID()}`),
  encoded(`99999999999999999 ${randomUUID()}`),
  encoded(`1 ${randomUUID()}'--`),
];
for (const cursor of BROKEN) {
  test(`the cursor ${cursor} is refused as not valid`, async () => {
    await assert.rejects(findByUserId(pool, "alice", { cursor }), (error: { type?: string; data?: unknown }) => {
      assert.equal(error.type, "VALIDATION_ERROR");
      assert.match(JSON.stringify(error.data), /"field":"cursor"/);
      return true;
    });
  });
}

test("the farthest place that a cursor can name gives an empty page, not a failure", async () => {
  for (const us of ["0", "9999999999999999"]) {
    const page = await findByUserId(pool, "alice", { cursor: encoded(`${us} ${randomUUID()}`) });
    assert.deepEqual(page.items, []);
  }
});

test("what is due is found earliest first, with its seats", async () => {
  const { eventId, seatIds } = await putOnSale(pool, 4);
  const second = await hold(pool, eventId, seatIds.slice(0, 1), { expiresIn: "-1 second" });
  const first = await hold(pool, eventId, seatIds.slice(1, 3), { expiresIn: "-2 seconds" });
  await hold(pool, eventId, seatIds.slice(3));
  const found = await transaction(pool, (tx) => findExpired(tx, 10));
  assert.deepEqual(
    found.map(({ id, seats }) => [id, seats.map(({ seatId }) => seatId)]),
    [
      [first.bookingId, first.seatIds],
      [second.bookingId, second.seatIds],
    ],
  );
  assert.equal((await transaction(pool, (tx) => findExpired(tx, 1))).length, 1);
});
