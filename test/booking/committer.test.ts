import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Pool, PoolClient } from "pg";
import { v7 as uuidv7 } from "uuid";
import type { HoldAnswer } from "../../services/booking/event.actor.ts";
import { until } from "../support/until.ts";
import { openBoxOffice, putOnSale, stranger, untilWaiting } from "./support/box-office.ts";
import { HoldDesk } from "./support/hold-desk.ts";

let pool: Pool;
let desk: HoldDesk;
let rival: HoldDesk;

before(async () => {
  pool = await openBoxOffice(20);
  desk = new HoldDesk(pool);
  rival = new HoldDesk(pool);
});
after(async () => {
  await Promise.all([desk.close(), rival.close()]);
  await pool.end();
});

const codeOf = (result: PromiseSettledResult<HoldAnswer>) =>
  result.status === "fulfilled" ? "HELD" : result.reason.type;
const tally = (results: PromiseSettledResult<HoldAnswer>[]) =>
  Object.fromEntries([...Map.groupBy(results, codeOf)].map(([code, all]) => [code, all.length]));

const found = async (sql: string, values: unknown[] = []) => (await pool.query(sql, values)).rows.length > 0;

async function activeItems(eventId: string): Promise<number> {
  const sql = "select count(*)::int as n from booking_items where event_id = $1 and released_at is null";
  return (await pool.query(sql, [eventId])).rows[0].n;
}

type Query = (...args: unknown[]) => Promise<unknown>;

/** A pool whose first COMMIT is not sent as it is, but as `commit` says. */
function withFirstCommit(real: Pool, commit: (query: Query) => Promise<unknown>): Pool {
  let came = false;
  const connect = async () => {
    const client = await real.connect();
    const query = client.query.bind(client) as Query;
    client.query = ((...args: unknown[]) => {
      if (args[0] !== "commit" || came) return query(...args);
      came = true;
      return commit(query);
    }) as unknown as PoolClient["query"];
    const release = client.release.bind(client);
    client.release = (error) => {
      client.query = query as unknown as PoolClient["query"];
      release(error);
    };
    return client;
  };
  const query = real.query.bind(real);
  return { connect, query } as unknown as Pool;
}

/** Its transaction has failed unheard: the server answers it with ROLLBACK, and the query is fulfilled. */
const rollingBackFirst = (real: Pool): Pool =>
  withFirstCommit(real, (query) => {
    query("select 1 / 0").catch(() => {});
    return query("commit");
  });

/** It is carried out and its reply lost, as when the connection breaks at that moment. */
const losingFirstReply = (real: Pool): Pool =>
  withFirstCommit(real, async (query) => {
    await query("commit");
    throw new Error("Connection terminated unexpectedly");
  });

test("two nodes that both sell one event sell each seat once, and answer every hold", async () => {
  const { eventId, seatIds } = await putOnSale(pool, 20);
  const holds = Array.from({ length: 400 }, (_, n) =>
    (n % 2 === 0 ? desk : rival).hold(eventId, [seatIds[n % 20] as string, seatIds[(n * 7 + 3) % 20] as string]),
  );
  const results = await Promise.allSettled(holds);
  const codes = tally(results);
  assert.deepEqual(Object.keys(codes).sort(), ["HELD", "SEAT_ALREADY_RESERVED"]);
  const sold = results.flatMap((r) =>
    r.status === "fulfilled" ? r.value.booking.seats.map((seat) => seat.seatId) : [],
  );
  assert.equal(new Set(sold).size, sold.length);
  assert.equal(await activeItems(eventId), sold.length);
});

test("of two nodes that reach one seat at the same moment one sells it", async (t) => {
  const { eventId, seatIds } = await putOnSale(pool, 3);
  const [contested, ...own] = seatIds as [string, string, string];
  // Both have the event's seats in memory.
  await Promise.all([desk.hold(eventId, [own[0] as string]), rival.hold(eventId, [own[1] as string])]);
  const gate = await stranger(t, pool);
  await gate.query("begin");
  // Nobody can write a booking: what both have read by then is all that they decide by.
  await gate.query("lock table bookings in share mode");
  const both = Promise.allSettled([desk, rival].map((each) => each.hold(eventId, [contested])));
  await untilWaiting(pool, 2);
  await gate.query("commit");
  assert.deepEqual(tally(await both), { HELD: 1, SEAT_ALREADY_RESERVED: 1 });
  assert.equal(await activeItems(eventId), 3);
});

test("with seat locks two nodes take turns, to the same end", async () => {
  const locked = [new HoldDesk(pool, "on"), new HoldDesk(pool, "required")] as const;
  await Promise.all(locked.map((each) => each.connect()));
  const { eventId, seatIds } = await putOnSale(pool, 30);
  const holds = Array.from({ length: 120 }, (_, n) =>
    (locked[n % 2] as HoldDesk).hold(eventId, [seatIds[n % 30] as string]),
  );
  assert.deepEqual(tally(await Promise.allSettled(holds)), { HELD: 30, SEAT_ALREADY_RESERVED: 90 });
  await Promise.all(locked.map((each) => each.close()));
});

test("when the reply to COMMIT is lost the hold is run again and finds its own booking", async () => {
  const { eventId, seatIds } = await putOnSale(pool, 2);
  const unlucky = new HoldDesk(losingFirstReply(pool));
  const bookingId = uuidv7();
  const { booking } = await unlucky.hold(eventId, [seatIds[0] as string], { bookingId });
  assert.equal(booking.id, bookingId);
  assert.equal(await activeItems(eventId), 1);
  await unlucky.close();
});

test("a COMMIT that the server answers with ROLLBACK grants nothing: the hold is run again", async () => {
  const { eventId, seatIds } = await putOnSale(pool, 1);
  const unheard = new HoldDesk(rollingBackFirst(pool));
  const { booking } = await unheard.hold(eventId, seatIds);
  await unheard.close();
  assert(await found("select from bookings where id = $1", [booking.id]));
  assert.equal(await activeItems(eventId), 1);
});

test("a hold sent again under its booking id is answered as it was, though the seat is taken now", async () => {
  const { eventId, seatIds } = await putOnSale(pool, 1);
  const bookingId = uuidv7();
  const first = await desk.hold(eventId, seatIds, { bookingId });
  const again = await rival.hold(eventId, seatIds, { bookingId, mayExist: true, refusable: false });
  assert.deepEqual(again.booking, first.booking);
});

test("a key is its buyer's own: another's hold under the same one is decided by itself", async () => {
  const { eventId, seatIds } = await putOnSale(pool, 1);
  const keyed = { idempotency: { key: "k", hash: Buffer.from("body") }, refusable: false };
  const { booking } = await desk.hold(eventId, seatIds, { userId: "alice", ...keyed });
  const others = await Promise.allSettled([rival.hold(eventId, seatIds, { userId: "mallory", ...keyed })]);
  assert.deepEqual(tally(others), { SEAT_ALREADY_RESERVED: 1 });
  const again = await rival.hold(eventId, seatIds, { userId: "alice", ...keyed });
  assert.deepEqual([again.booking, again.replayed], [booking, true]);
});

test("a hold waits for a row that another transaction has locked, and takes it when it comes free", async () => {
  const { eventId, seatIds } = await putOnSale(pool, 1);
  const other = await pool.connect();
  await other.query("begin");
  await other.query("select 1 from seat_inventory where event_id = $1 for update", [eventId]);
  const held = desk.hold(eventId, seatIds);
  await until(() => found("select 1 from pg_locks where not granted"), { what: "a waiting hold" });
  await other.query("rollback");
  other.release();
  assert.equal((await held).booking.status, "PENDING");
});

test("a hold that waited for a row decides by what the row has become", async () => {
  const { eventId, seatIds } = await putOnSale(pool, 1);
  const other = await pool.connect();
  await other.query("begin");
  await other.query("update seat_inventory set status = 'BLOCKED', version = version + 1 where event_id = $1", [
    eventId,
  ]);
  const asked = Promise.allSettled([desk.hold(eventId, seatIds)]);
  await until(() => found("select 1 from pg_locks where not granted"), { what: "a waiting hold" });
  await other.query("commit");
  other.release();
  const [result] = await asked;
  assert.equal(codeOf(result), "SEAT_ALREADY_RESERVED");
});

test("a row that stays locked past a hold's deadline is no refusal of the seat but an answer to try again", async () => {
  const { eventId, seatIds } = await putOnSale(pool, 1);
  const other = await pool.connect();
  await other.query("begin");
  await other.query("select 1 from seat_inventory where event_id = $1 for update", [eventId]);
  const [result] = await Promise.allSettled([desk.hold(eventId, seatIds, { deadline: Date.now() + 800 })]);
  assert.equal(codeOf(result), "SERVICE_UNAVAILABLE");
  await other.query("rollback");
  other.release();
});

test("a seat that comes free unheard of is sold again once its reading is a second old", async () => {
  const { eventId, seatIds } = await putOnSale(pool, 1);
  const { booking } = await desk.hold(eventId, seatIds);
  await pool.query("update booking_items set released_at = clock_timestamp() where booking_id = $1", [booking.id]);
  await pool.query(
    "update seat_inventory set status = 'AVAILABLE', booking_id = null, held_until = null, version = version + 1 where event_id = $1",
    [eventId],
  );
  let refusals = 0;
  for (;;) {
    const [result] = await Promise.allSettled([desk.hold(eventId, seatIds)]);
    if (result.status === "fulfilled") break;
    assert.equal(codeOf(result), "SEAT_ALREADY_RESERVED");
    refusals++;
  }
  assert(refusals > 0, "memory was not asked");
});

test("a run-out hold is expired whole, and its seat goes to the one who asked", async () => {
  const { eventId, seatIds } = await putOnSale(pool, 2);
  await pool.query("update event_inventory set hold_seconds = 1 where event_id = $1", [eventId]);
  const old = await desk.hold(eventId, seatIds);
  await pool.query("update event_inventory set hold_seconds = 600 where event_id = $1", [eventId]);
  const runOut = "select 1 from bookings where id = $1 and expires_at <= clock_timestamp()";
  await until(() => found(runOut, [old.booking.id]), { what: "the hold to run out" });
  const { booking } = await rival.hold(eventId, [seatIds[0] as string], { refusable: false });
  assert.equal(booking.status, "PENDING");
  const { rows } = await pool.query("select status, reason, version from bookings where id = $1", [old.booking.id]);
  assert.deepEqual(rows, [{ status: "CANCELLED", reason: "EXPIRED", version: 2 }]);
  assert.equal(await activeItems(eventId), 1);
});

test("one hold that Postgres cannot take fails alone: the others of its batch are granted", async () => {
  const { eventId, seatIds } = await putOnSale(pool, 8);
  const results = await Promise.allSettled(
    seatIds.map((seatId, n) => desk.hold(eventId, [seatId], n === 3 ? { bookingId: "no uuid" } : {})),
  );
  assert.deepEqual(tally(results), { HELD: 7, INTERNAL_ERROR: 1 });
});

test("what a full mailbox cannot take is refused at once", async () => {
  const { eventId, seatIds } = await putOnSale(pool, 1);
  await desk.hold(eventId, seatIds);
  const flood = Array.from({ length: 5_000 }, () =>
    desk.hold(eventId, seatIds, { refusable: false, deadline: Date.now() + 3_000 }),
  );
  const codes = tally(await Promise.allSettled(flood));
  assert(codes.SERVICE_UNAVAILABLE >= 1_000, JSON.stringify(codes));
  assert.equal(codes.HELD, undefined);
});
