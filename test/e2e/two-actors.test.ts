import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import pg from "pg";
import { startNode, type TestNode, untilReachable } from "../support/node.ts";
import { Shop } from "./support/shop.ts";

const ALONE = { lastsMs: 4_000, seats: 5_000 };
/** More seats than the stampede gets through: it ends when they are gone. Bench scenario `two-actors` measures more of it. */
const TOGETHER = { lastsMs: 30_000, seats: 40_000 };
const DOORS = 12;
const env = { RATE_LIMIT_PER_MINUTE: "1000000", PAYMENT_SUCCESS_RATE: "1", LOG_LEVEL: "warn" };

let front: TestNode;
let shop: Shop;
const db = new pg.Pool({ connectionString: process.env.DATABASE_URL_BOOKING as string });

before(async () => {
  front = await startNode({ env });
  await untilReachable(front);
  shop = new Shop(front.url);
});
after(() => Promise.all([front.stop(), db.end()]));

interface Told {
  status: number;
  bookingId: string | undefined;
  seatId: string;
}

/** Everybody wants the next seat in turn, at each of these gateways. */
async function stampede(urls: readonly string[], { id, seatIds }: { id: string; seatIds: string[] }, lastsMs: number) {
  const end = Date.now() + lastsMs;
  const told: Told[] = [];
  const stream = async (url: string) => {
    const there = new Shop(url);
    let next = 0;
    const door = async () => {
      while (Date.now() < end && next < seatIds.length) {
        const seatId = seatIds[next++] as string;
        const { status, data } = await there.book(`buyer-${next % 100}`, id, [seatId]);
        told.push({ status, bookingId: data?.id, seatId });
      }
    };
    await Promise.all(Array.from({ length: DOORS }, door));
  };
  const began = performance.now();
  await Promise.all(urls.map(stream));
  return { told, seconds: (performance.now() - began) / 1_000 };
}

async function assertAsTold(told: Told[], eventId: string): Promise<number> {
  assert.deepEqual([...new Set(told.map(({ status }) => status))].sort(), [201, 409]);
  const { rows } = await db.query(
    `select b.id, i.seat_id from bookings b
     join booking_items i on i.event_id = b.event_id and i.booking_id = b.id
     where b.event_id = $1 and i.released_at is null`,
    [eventId],
  );
  const won = told.filter(({ status }) => status === 201);
  assert.deepEqual(
    rows.map((row) => `${row.id} ${row.seat_id}`).sort(),
    won.map(({ bookingId, seatId }) => `${bookingId} ${seatId}`).sort(),
    "the bookings are those that were told",
  );
  assert.equal(new Set(rows.map((row) => row.seat_id)).size, rows.length, "no seat is sold twice");
  return won.length;
}

const deadlocks = async (): Promise<number> =>
  (await db.query("select deadlocks::int as n from pg_stat_database where datname = current_database()")).rows[0].n;

for (const locks of ["on", "off"]) {
  test(`two actors of one event sell nothing twice and do not deadlock, with SEAT_LOCKS=${locks}`, async (t) => {
    const before = await deadlocks();
    // Before those two are there: they would want to load its seats, and know of no catalog.
    const shows = [await shop.putOnSale(ALONE.seats), await shop.putOnSale(TOGETHER.seats)] as const;
    // Two that do not know of each other, so that each has an actor for the event.
    const start = (half: string) =>
      startNode({
        services: ["gateway", "booking"],
        env: { ...env, SEAT_LOCKS: locks, NAMESPACE: `test-${process.pid}-${half}` },
      });
    const [one, other] = (await Promise.all(["one", "other"].map(start))) as [TestNode, TestNode];
    after(() => Promise.all([one.stop(), other.stop()]));
    const rate = async (urls: string[], show: (typeof shows)[number], lastsMs: number) => {
      const { told, seconds } = await stampede(urls, show, lastsMs);
      return (await assertAsTold(told, show.id)) / seconds;
    };
    const alone = await rate([one.url, one.url], shows[0], ALONE.lastsMs);
    const together = await rate([one.url, other.url], shows[1], TOGETHER.lastsMs);
    t.diagnostic(`two actors sell ${(together / alone).toFixed(2)} of what one sells, with SEAT_LOCKS=${locks}`);
    // What a connection has to report is counted when it ends, if not before.
    await Promise.all([one.stop(), other.stop()]);
    assert.equal(await deadlocks(), before);
  });
}
