import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { startNode, type TestNode, untilReachable } from "../support/node.ts";
import { until } from "../support/until.ts";
import { Shop } from "./support/shop.ts";

const EVENTS = 8;
/** For sale at each event in the rush, and one more for afterwards. */
const SEATS = 30;
const env = { RATE_LIMIT_PER_MINUTE: "1000000", PAYMENT_SUCCESS_RATE: "1" };

let front: TestNode;
let shop: Shop;
const db = new pg.Pool({ connectionString: process.env.DATABASE_URL_BOOKING as string });

before(async () => {
  front = await startNode({ services: ["gateway", "catalog", "payment"], env });
  shop = new Shop(front.url);
});
after(() => Promise.all([front.stop(), db.end()]));

/** Two booking nodes of this test, known to the gateway, and events that are on sale. */
async function openTwo() {
  const nodes = await Promise.all([1, 2].map(() => startNode({ services: ["booking"], env })));
  after(() => Promise.all(nodes.map((node) => node.stop())));
  await untilReachable(front);
  const shows = await Promise.all(Array.from({ length: EVENTS }, () => shop.putOnSale(SEATS + 1)));
  const [stays, struck] = nodes as [TestNode, TestNode];
  return { stays, struck, shows };
}

interface Told {
  status: number;
  bookingId: string | undefined;
  seatId: string;
}

type Show = { id: string; seatIds: string[] };

/** Asks once, without an Idempotency-Key: what comes is the one answer. */
async function buy(user: string, { id, seatIds }: Show, seat: number): Promise<Told> {
  const seatId = seatIds[seat] as string;
  const { status, data } = await shop.book(user, id, [seatId]);
  return { status, bookingId: data?.id, seatId };
}

/** Two buyers for each seat, 32 of them at a time; `onWave` is told how far they are. */
async function stampede(shows: Show[], onWave: (share: number) => void): Promise<Told[]> {
  const wishes = Array.from({ length: 2 * EVENTS * SEATS }, (_, n) => n);
  const told: Told[] = [];
  const lane = async () => {
    for (let n = wishes.shift(); n !== undefined; n = wishes.shift()) {
      const show = shows[n % EVENTS] as Show;
      told.push(await buy(`buyer-${n}`, show, Math.floor(n / EVENTS) % SEATS));
      onWave(told.length / (2 * EVENTS * SEATS));
    }
  };
  await Promise.all(Array.from({ length: 32 }, lane));
  return told;
}

/** Every buyer has had an answer, every seat is sold to the one who was told so, and there is no booking besides. */
async function assertOneAnswerEach(told: Told[], shows: Show[]): Promise<void> {
  assert.deepEqual([...new Set(told.map(({ status }) => status))].sort(), [201, 409]);
  const won = told.filter(({ status }) => status === 201);
  const { rows } = await db.query(
    `select b.id as "bookingId", i.seat_id as "seatId" from bookings b
     join booking_items i on i.event_id = b.event_id and i.booking_id = b.id where b.event_id = any($1) and i.seat_id <> all($2)`,
    [shows.map(({ id }) => id), shows.map(({ seatIds }) => seatIds[SEATS])],
  );
  const asText = (all: Omit<Told, "status">[]) => all.map(({ bookingId, seatId }) => `${bookingId} ${seatId}`).sort();
  assert.deepEqual(asText(rows), asText(won));
  assert.equal(new Set(won.map(({ seatId }) => seatId)).size, EVENTS * SEATS, "every seat is sold");
}

/** A node's lines are written some at a time. */
const untilAskedElsewhere = ({ nodeId }: TestNode) =>
  until(() => front.log().includes(`"from":"${nodeId}"`), { what: "somebody to have been asked for elsewhere" });

test("holds in flight at a node that is killed are answered by another, and every buyer sees one answer", async () => {
  const { struck, shows } = await openTwo();
  let killed: Promise<void> | undefined;
  const told = await stampede(shows, (share) => {
    if (share > 0.3) killed ??= struck.kill("SIGKILL");
  });
  await killed;
  await assertOneAnswerEach(told, shows);
  await untilAskedElsewhere(struck);
});

for (const [what, stillMs] of [
  ["and comes back while they wait", 2_500],
  ["and comes back when their deadlines have passed", 9_000],
] as const) {
  test(`holds in flight at a node that stands still are answered by another, ${what}`, async () => {
    const { stays, struck, shows } = await openTwo();
    let back: Promise<void> | undefined;
    const told = await stampede(shows, (share) => {
      if (share > 0.3)
        back ??= struck
          .kill("SIGSTOP")
          .then(() => sleep(stillMs))
          .then(() => struck.kill("SIGCONT"));
    });
    await back;
    await untilAskedElsewhere(struck);
    await stays.stop();
    // It takes calls in the order in which they came: all that lay in its inbox has been decided when it answers this one.
    const [{ id, seatIds }] = shows as [Show];
    const late = async () => (await shop.book("late", id, [seatIds[SEATS] as string])).data?.id;
    await until(late, { what: "the node to sell again", ms: 30_000 });
    await assertOneAnswerEach(told, shows);
  });
}

test("two requests with one key, sent while a node stands still, are one booking, and both buyers' tries are told of it", async () => {
  const { stays, struck, shows } = await openTwo();
  await struck.kill("SIGSTOP");
  const asked = shows.flatMap(({ id, seatIds }, n) => {
    const key = { "idempotency-key": `key-${process.pid}-${struck.nodeId}-${n}` };
    return [1, 2].map(() => shop.book(`keyed-${n}`, id, [seatIds[0] as string], key));
  });
  const answers = await Promise.all(asked);
  await struck.kill("SIGCONT");
  await untilAskedElsewhere(struck);
  await stays.stop();
  const [{ id, seatIds }] = shows as [Show];
  const late = async () => (await shop.book("late", id, [seatIds[SEATS] as string])).data?.id;
  await until(late, { what: "the node to sell again", ms: 30_000 });

  assert.deepEqual([...new Set(answers.map(({ status }) => status))], [201]);
  const ids = answers.map(({ data }) => data.id);
  const pairs = shows.map((_, n) => ids.slice(2 * n, 2 * n + 2));
  for (const [one, other] of pairs) assert.equal(one, other);
  const { rows } = await db.query("select id from bookings where user_id like '%keyed-%' and event_id = any($1)", [
    shows.map((show) => show.id),
  ]);
  assert.deepEqual(rows.map((row) => row.id).sort(), pairs.map(([one]) => one).sort());
});
