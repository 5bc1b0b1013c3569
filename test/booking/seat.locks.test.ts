import assert from "node:assert/strict";
import { after, before, type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { Pool, PoolClient } from "pg";
import { type SeatLockMode, SeatLocks } from "../../services/booking/seat.locks.ts";
import { openBoxOffice, putOnSale } from "./support/box-office.ts";
import { HoldDesk } from "./support/hold-desk.ts";

let pool: Pool;
before(async () => {
  pool = await openBoxOffice();
});
after(() => pool.end());

async function deskWith(
  t: TestContext,
  from: Pool,
  mode: SeatLockMode,
  over: { urls?: string[]; ttlMs?: number } = {},
) {
  const desk = new HoldDesk(from, mode, over);
  await desk.connect();
  t.after(() => desk.close());
  return desk;
}

/** Another node locks one seat of an event, and dies before it releases it. */
async function lockedElsewhere(t: TestContext, eventId: string, index: number, ttlMs: number): Promise<void> {
  const logger = { warn: assert.fail } as never;
  const locks = new SeatLocks({ mode: "on", urls: [process.env.REDIS_URL as string], ttlMs, logger });
  await locks.connect();
  t.after(() => locks.close());
  const lease = await locks.acquire([`{${eventId}}:seat:${index}`]);
  assert(typeof lease === "object");
}

const codeOf = (answer: Promise<unknown>): Promise<string> =>
  answer.then(
    () => "HELD",
    (error) => error.type,
  );
const soon = () => ({ deadline: Date.now() + 400 });

/** The pool, but a batch has to wait between its two flights. */
function slowly(ms: number): Pool {
  const connect = async () => {
    const client = await pool.connect();
    const query = client.query.bind(client) as (...args: unknown[]) => Promise<unknown>;
    const waiting = async (...args: unknown[]) => {
      const result = await query(...args);
      if ((args[0] as { name?: string }).name === "hold-lock-seats") await sleep(ms);
      return result;
    };
    const release = client.release.bind(client);
    client.query = waiting as unknown as PoolClient["query"];
    client.release = (error) => {
      client.query = query as unknown as PoolClient["query"];
      release(error);
    };
    return client;
  };
  return { connect, query: pool.query.bind(pool) } as unknown as Pool;
}

test("a lock that another node keeps until the deadline is no refusal of the seat, and holds up no other of the batch", async (t) => {
  const desk = await deskWith(t, pool, "on");
  const { eventId, seatIds } = await putOnSale(pool, 5);
  await lockedElsewhere(t, eventId, 2, 20_000);
  const answers = seatIds.map((seatId) => codeOf(desk.hold(eventId, [seatId], soon())));
  assert.deepEqual(await Promise.all(answers), ["HELD", "HELD", "SERVICE_UNAVAILABLE", "HELD", "HELD"]);
});

test("a hold takes its seat when the lock of a node that died has run out", async (t) => {
  const desk = await deskWith(t, pool, "required");
  const { eventId, seatIds } = await putOnSale(pool, 1);
  await lockedElsewhere(t, eventId, 0, 300);
  assert.equal(await codeOf(desk.hold(eventId, seatIds)), "HELD");
});

for (const [mode, code] of [
  ["on", "HELD"],
  ["required", "SERVICE_UNAVAILABLE"],
] as const) {
  test(`SEAT_LOCKS=${mode}: a hold whose lock runs out before it is written is answered ${code}`, async (t) => {
    const desk = await deskWith(t, slowly(150), mode, { ttlMs: 100 });
    const { eventId, seatIds } = await putOnSale(pool, 1);
    assert.equal(await codeOf(desk.hold(eventId, seatIds, soon())), code);
    const { rowCount } = await pool.query("select from bookings where event_id = $1", [eventId]);
    assert.equal(rowCount, code === "HELD" ? 1 : 0);
  });

  test(`SEAT_LOCKS=${mode}: without Redis a hold is answered ${code}`, async (t) => {
    const desk = await deskWith(t, pool, mode, { urls: ["redis://127.0.0.1:1"] });
    const { eventId, seatIds } = await putOnSale(pool, 1);
    assert.equal(await codeOf(desk.hold(eventId, seatIds)), code);
  });
}
