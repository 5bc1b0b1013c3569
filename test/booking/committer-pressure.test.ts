import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setImmediate } from "node:timers/promises";
import type { Pool } from "pg";
import { createPool } from "#mixins/database.mixin.ts";
import { LONGEST_REST_MS, SMALL } from "../../services/booking/batch-pace.ts";
import type { HoldAnswer } from "../../services/booking/event.actor.ts";
import { TcpProxy } from "../support/tcp-proxy.ts";
import { until } from "../support/until.ts";
import { hold, openBoxOffice, putOnSale, stranger, untilWaiting } from "./support/box-office.ts";
import { HoldDesk } from "./support/hold-desk.ts";

let pool: Pool;
let desk: HoldDesk;

before(async () => {
  pool = await openBoxOffice(20);
  desk = new HoldDesk(pool);
});
after(async () => {
  await desk.close();
  await pool.end();
});

/** A hold path to the same database through a proxy, with so many connections that are open already. */
async function openFarDesk(connections: number) {
  const url = new URL(pool.options.connectionString as string);
  const proxy = await TcpProxy.to(url.host);
  const address = `postgres://${url.username}:${url.password}@127.0.0.1:${proxy.port}${url.pathname}`;
  const farPool = createPool(address, "far", 4);
  farPool.on("error", () => {});
  await Promise.all(Array.from({ length: connections }, () => farPool.query("select pg_sleep(0.2)")));
  await until(() => farPool.idleCount === connections, { what: `${connections} connections that are open already` });
  const desk = new HoldDesk(farPool);
  const close = async () => {
    await desk.close();
    await farPool.end();
    await proxy.close();
  };
  return { proxy, desk, close };
}

async function codeOf(answer: Promise<HoldAnswer>): Promise<string> {
  const [result] = await Promise.allSettled([answer]);
  return result.status === "fulfilled" ? "HELD" : result.reason.type;
}

test("holds that wait for rows locked elsewhere do not keep other events waiting", async (t) => {
  const stuck = await putOnSale(pool, 8);
  const free = await putOnSale(pool, 1);
  const other = await stranger(t, pool);
  await other.query("begin");
  await other.query("select from seat_inventory where event_id = $1 for update", [stuck.eventId]);
  const waiting = stuck.seatIds.map((seatId) => codeOf(desk.hold(stuck.eventId, [seatId])));
  await untilWaiting(pool, 2);
  assert.equal(await codeOf(desk.hold(free.eventId, free.seatIds)), "HELD");
  await untilWaiting(pool, 2); // they still do
  await other.query("rollback");
  assert.deepEqual(new Set(await Promise.all(waiting)), new Set(["HELD"]));
});

test("when more events ask than fit into a batch, each has its turn before any has a third", async () => {
  const shows = await Promise.all(Array.from({ length: 300 }, () => putOnSale(pool, 4)));
  await Promise.all(shows.map(({ eventId, seatIds }) => desk.hold(eventId, seatIds.slice(3))));
  // A connection for each batch in flight: one that is made meanwhile would hold its batch up.
  await Promise.all(Array.from({ length: 4 }, () => pool.query("select pg_sleep(0.2)")));
  const order: number[] = [];
  await Promise.all(
    shows.flatMap(({ eventId, seatIds }) =>
      [0, 1, 2].map((n) => desk.hold(eventId, [seatIds[n] as string]).then(() => order.push(n))),
    ),
  );
  // Four batches beside one another may end in any order.
  assert(order.lastIndexOf(0) - 3 * 128 < order.indexOf(2), `${order.lastIndexOf(0)} ${order.indexOf(2)}`);
});

test("a small batch waits for the one in flight, a large one and one beside a hold on its own do not", async (t) => {
  const { eventId, seatIds } = await putOnSale(pool, SMALL + 3);
  const [first, second, alone, last, ...others] = seatIds.map((seatId) => [seatId]);
  const far = await openFarDesk(4);
  t.after(async () => {
    t.mock.timers.reset();
    far.proxy.stall("both", false);
    await far.close();
  });
  await far.desk.hold(eventId, first as string[]);
  // No tick: whoever waits does so for others.
  t.mock.timers.enable({ apis: ["setTimeout"] });
  far.proxy.stall("both", true);
  const load = async (holds: (string[] | undefined)[]) => {
    const answers = holds.map((seats) => codeOf(far.desk.hold(eventId, seats as string[], { alone: seats === alone })));
    for (let turn = 0; turn < 5; turn++) await setImmediate();
    return { answers, ...far.desk.load };
  };
  const one = await load([alone]);
  assert.deepEqual([one.waiting, one.inFlight], [0, 1]);
  const two = await load([second]);
  assert.deepEqual([two.waiting, two.inFlight], [0, 2], "beside a hold on its own");
  const small = await load(others);
  assert.deepEqual([small.waiting, small.inFlight], [SMALL - 1, 2], "one too few");
  const large = await load([last]);
  assert.deepEqual([large.waiting, large.inFlight], [0, SMALL + 2], "enough");
  t.mock.timers.reset();
  far.proxy.stall("both", false);
  const answers = [one, two, small, large].flatMap((load) => load.answers);
  assert.deepEqual(new Set(await Promise.all(answers)), new Set(["HELD"]));
});

test("after a batch from other nodes a small one waits for more holds, after one of this node it does not", async (t) => {
  const { eventId, seatIds } = await putOnSale(pool, SMALL + 6);
  const [first, second, third, fourth, fifth, sixth, ...others] = seatIds.map((seatId) => [seatId]);
  const desk = new HoldDesk(pool);
  t.after(() => {
    t.mock.timers.reset();
    return desk.close();
  });
  await codeOf(desk.hold(eventId, first as string[]));
  // No tick, and no rest ends by itself.
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const offer = async (holds: (string[] | undefined)[], remote: boolean) => {
    const answers = holds.map((seats) => codeOf(desk.hold(eventId, seats as string[], { remote })));
    for (let turn = 0; turn < 5; turn++) await setImmediate();
    return answers;
  };
  assert.deepEqual(await Promise.all(await offer([second], false)), ["HELD"]);
  assert.deepEqual(await Promise.all(await offer([third], true)), ["HELD"], "after one of this node");
  assert.deepEqual(await Promise.all(await offer([fourth, fifth], true)), ["HELD", "HELD"], "after one hold by itself");
  const small = await offer([sixth], true);
  assert.deepEqual(desk.load, { waiting: 1, inFlight: 0 }, "after one from another node");
  t.mock.timers.tick(LONGEST_REST_MS);
  assert.deepEqual(await Promise.all(small), ["HELD"]);
  assert.deepEqual(new Set(await Promise.all(await offer(others, true))), new Set(["HELD"]), "enough of them");
});

test("run-out holds whose bookings stay locked hold up neither the others of the batch nor any deadline", async (t) => {
  const { eventId, seatIds } = await putOnSale(pool, 10);
  for (const seatId of seatIds.slice(1)) await hold(pool, eventId, [seatId], { expiresIn: "-1 second" });
  const other = await stranger(t, pool);
  await other.query("begin");
  await other.query("select from bookings where event_id = $1 for update", [eventId]);
  const deadline = Date.now() + 1_000;
  const over = { deadline, refusable: false };
  const answers = seatIds.map((seatId) => codeOf(desk.hold(eventId, [seatId], over)));
  assert.deepEqual(await Promise.all(answers), ["HELD", ...Array(9).fill("SERVICE_UNAVAILABLE")]);
  assert(Date.now() < deadline + 500, `answered ${Date.now() - deadline} ms after the deadline`);
  await other.query("rollback");
  assert.equal(await codeOf(desk.hold(eventId, seatIds.slice(1), { refusable: false })), "HELD");
});

test("a database that falls silent costs a hold its chance, not its answer: awake or not, the actor answers in time", async () => {
  const awake = await putOnSale(pool, 2);
  const asleep = await putOnSale(pool, 1);
  const { proxy, desk: far, close } = await openFarDesk(2);
  await far.hold(awake.eventId, awake.seatIds.slice(0, 1));

  proxy.drop("both", true);
  const deadline = Date.now() + 400;
  const answers = [
    far.hold(awake.eventId, awake.seatIds.slice(1), { deadline }),
    far.hold(asleep.eventId, asleep.seatIds, { deadline }),
  ].map(codeOf);
  assert.deepEqual(await Promise.all(answers), ["SERVICE_UNAVAILABLE", "SERVICE_UNAVAILABLE"]);
  assert(Date.now() < deadline + 500, `answered ${Date.now() - deadline} ms after the deadline`);

  // What went into the clog is lost: these connections say nothing any more, and only their end frees the seat.
  proxy.drop("both", false);
  assert.equal(await codeOf(far.hold(awake.eventId, awake.seatIds.slice(1), { deadline: Date.now() + 8_000 })), "HELD");
  await close();
});
