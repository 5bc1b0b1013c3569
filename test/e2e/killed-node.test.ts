import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, test } from "node:test";
import { Redis } from "ioredis";
import pg from "pg";
import { untilConsumed } from "../support/consumed.ts";
import { startNode, untilReachable } from "../support/node.ts";
import { until } from "../support/until.ts";
import { Shop } from "./support/shop.ts";

const HEALED_WITHIN_MS = 30_000;
const EVENTS = 10;
/** For sale at each event in the rush, and one more for afterwards. */
const SEATS = 20;

const env = { PAYMENT_SUCCESS_RATE: "1", PAYMENT_DELAY_MS: "1500", RATE_LIMIT_PER_MINUTE: "1000000" };

async function rows(service: "BOOKING" | "PAYMENT", sql: string, values: unknown[] = []) {
  const client = new pg.Client({ connectionString: process.env[`DATABASE_URL_${service}`] as string });
  await client.connect();
  return (await client.query(sql, values).finally(() => client.end())).rows;
}

interface Told {
  user: string;
  seatId: string;
  status: number;
  bookingId: string | undefined;
}

/** Asks for a seat, again and again with the same key while the answer is that nobody knows. */
async function buy(shop: Shop, user: string, eventId: string, seatId: string): Promise<Told> {
  const key = { "idempotency-key": randomUUID() };
  const answer = await until(
    async () => {
      const said = await shop.book(user, eventId, [seatId], key);
      return said.status < 500 && said.error?.code !== "REQUEST_IN_PROGRESS" ? said : undefined;
    },
    { what: `an answer for ${user}`, ms: HEALED_WITHIN_MS },
  );
  return { user, seatId, status: answer.status, bookingId: answer.data?.id };
}

test("a node killed hard in the midst of work leaves nothing behind that does not heal by itself within half a minute", async () => {
  const [front, stays, killed] = await Promise.all([
    startNode({ services: ["gateway", "catalog"], env }),
    startNode({ services: ["booking", "payment"], env }),
    startNode({ services: ["booking", "payment"], env }),
  ]);
  after(() => Promise.all([front.stop(), stays.stop()]));
  await untilReachable(front);
  const shop = new Shop(front.url);
  const shows = await Promise.all(Array.from({ length: EVENTS }, () => shop.putOnSale(SEATS + 1)));
  const eventIds = shows.map(({ id }) => id);

  // Two buyers for each seat, a wave of seats at a time.
  let wave = 0;
  const rush = Array.from({ length: 40 }, async (_, lane): Promise<Told[]> => {
    const told: Told[] = [];
    for (let n = lane; n < 2 * EVENTS * SEATS; n += 40) {
      const { id, seatIds } = shows[n % EVENTS] as (typeof shows)[number];
      told.push(await buy(shop, `buyer-${n}`, id, seatIds[Math.floor(n / EVENTS) % SEATS] as string));
      wave = Math.max(wave, told.length);
    }
    return told;
  });
  const charging =
    "select from attempts a join payments p on p.id = a.payment_id where a.state = 'CHARGING' and p.event_id = any($1)";
  await until(async () => wave >= 3 && (await rows("PAYMENT", charging, [eventIds])).length > 0, { what: "work" });
  await killed.kill("SIGKILL");
  const healedBy = Date.now() + HEALED_WITHIN_MS;
  const heals = (what: string, condition: () => Promise<boolean>) =>
    until(condition, { what, ms: Math.max(healedBy - Date.now(), 0) });

  const told = (await Promise.all(rush)).flat();
  const won = told.filter(({ status }) => status === 201);
  assert.deepEqual([...new Set(told.map(({ status }) => status))].sort(), [201, 409]);
  assert.equal(won.length, EVENTS * SEATS, "every seat is sold, once");

  const redis = new Redis(process.env.REDIS_URL as string);
  after(() => redis.disconnect());
  await heals("the locks of its seats to go", async () => {
    const locks = await Promise.all(eventIds.map((id) => redis.keys(`*${id}*`)));
    return locks.flat().length === 0;
  });
  await heals("the outboxes to be relayed by another", async () => {
    const waiting = await Promise.all((["BOOKING", "PAYMENT"] as const).map((of) => rows(of, "select from outbox")));
    return waiting.flat().length === 0;
  });
  await heals(
    "its charges to be taken up by another",
    async () => (await rows("PAYMENT", charging, [eventIds])).length === 0,
  );
  await heals("every booking to be confirmed", async () => {
    const open = await rows("BOOKING", "select from bookings where event_id = any($1) and status = 'PENDING'", [
      eventIds,
    ]);
    return open.length === 0;
  });
  await untilConsumed();
  assert(Date.now() < healedBy, "its partitions were taken over too late");

  const bookings = await rows(
    "BOOKING",
    `select b.id, b.status, i.seat_id, s.status as seat from bookings b join booking_items i on i.event_id = b.event_id and i.booking_id = b.id
     left join seat_inventory s on s.event_id = b.event_id and s.seat_id = i.seat_id and s.booking_id = b.id where b.event_id = any($1)`,
    [eventIds],
  );
  const asTold = won.map(({ bookingId, seatId }) => ({
    id: bookingId,
    status: "CONFIRMED",
    seat_id: seatId,
    seat: "BOOKED",
  }));
  const byId = (a: { id?: string }, b: { id?: string }) => ((a.id ?? "") < (b.id ?? "") ? -1 : 1);
  assert.deepEqual(bookings.sort(byId), asTold.sort(byId), "no booking but those that their buyers know");
  const taken = await rows(
    "PAYMENT",
    "select p.booking_id as id from captures c join payments p on p.id = c.payment_id where p.event_id = any($1)",
    [eventIds],
  );
  assert.deepEqual(taken.map(({ id }) => id).sort(), won.map(({ bookingId }) => bookingId).sort(), "each is paid once");
  for (const { id, seatIds } of shows) await shop.hold("late", id, [seatIds[SEATS] as string]);
});
