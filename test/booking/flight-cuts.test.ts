import assert from "node:assert/strict";
import { after, before, suite, type TestContext, test } from "node:test";
import type { Pool } from "pg";
import { v7 as uuidv7 } from "uuid";
import type { PendingHold } from "../../services/booking/event.actor.ts";
import { fc } from "../support/property.ts";
import { until } from "../support/until.ts";
import { openBoxOffice, putOnSale } from "./support/box-office.ts";
import { CUT_POINTS, CutDesk, type CutPoint } from "./support/flight-cut.ts";
import { HoldDesk } from "./support/hold-desk.ts";

let pool: Pool;
/** A node that reaches Postgres undisturbed: where a buyer's repeat may come to. */
let other: HoldDesk;

before(async () => {
  pool = await openBoxOffice(20);
  other = new HoldDesk(pool);
});
after(async () => {
  await other.close();
  await pool.end();
});

interface Buyer {
  seatIds: string[];
  key: string | null;
}

/** What a buyer was told: the id of a booking, or the code of a refusal. */
async function ask(desk: HoldDesk, eventId: string, { seatIds, key }: Buyer): Promise<string> {
  const over: Partial<PendingHold> = { bookingId: uuidv7() };
  if (key !== null) Object.assign(over, { idempotency: { key, hash: Buffer.from(key) }, refusable: false });
  const [answer] = await Promise.allSettled([desk.hold(eventId, seatIds, over)]);
  return answer.status === "fulfilled" ? answer.value.booking.id : (answer.reason.type ?? String(answer.reason));
}

/** Asks, and with an Idempotency-Key asks again elsewhere, as a client would that is not sure it was answered. */
async function buy(desk: HoldDesk, eventId: string, buyer: Buyer): Promise<string> {
  const first = await ask(desk, eventId, buyer);
  if (buyer.key === null) return first;
  const again = await ask(other, eventId, buyer);
  if (!REFUSALS.has(first)) assert.equal(again, first, "a repeat is answered as the first was");
  return again;
}

const REFUSALS = new Set(["SEAT_ALREADY_RESERVED", "SERVICE_UNAVAILABLE"]);

/** Two buyers for each seat, half of them with a key, all at once. */
const buyersOf = (seatIds: string[]): Buyer[] =>
  [...seatIds, ...seatIds].map((seatId, n) => ({ seatIds: [seatId], key: n % 4 < 2 ? `key-${uuidv7()}` : null }));

/** All that the tables say of an event: what was answered, and nothing besides. */
async function assertOnly(eventId: string, answers: string[], seats: number): Promise<void> {
  const { rows } = await pool.query(
    `select s.seat_id, s.status, s.booking_id, b.id as booking, b.status as booking_status, i.booking_id as item,
            (select count(*)::int from outbox o where o.topic = 'booking.created' and o.key = convert_to(b.id::text, 'UTF8'))
              as created
     from seat_inventory s
     left join bookings b on b.event_id = s.event_id and b.id = s.booking_id
     left join booking_items i on i.event_id = s.event_id and i.seat_id = s.seat_id and i.released_at is null
     where s.event_id = $1`,
    [eventId],
  );
  const won = answers.filter((answer) => !REFUSALS.has(answer));
  assert.deepEqual(
    rows.map((row) => row.booking).sort(),
    won.sort(),
    "every seat is held by the one buyer who was told so",
  );
  assert.equal(won.length, seats, "of two who want a seat one has it");
  for (const row of rows) {
    assert.deepEqual([row.status, row.booking_status, row.item, row.created], ["HELD", "PENDING", row.booking, 1]);
  }
  const bookings = await pool.query("select count(*)::int as n from bookings where event_id = $1", [eventId]);
  assert.equal(bookings.rows[0].n, seats, "no booking that nobody was told of");
}

/** A desk whose connections are cut there, closed when the test ends, however it ends. */
async function behind(t: TestContext, point: CutPoint, times: number): Promise<CutDesk> {
  const cut = await CutDesk.open(pool.options.connectionString as string, point, times);
  t.after(() => cut.close());
  return cut;
}

async function sellOut({ desk }: CutDesk, seats: number): Promise<void> {
  const { eventId, seatIds } = await putOnSale(pool, seats);
  const answers = await Promise.all(buyersOf(seatIds).map((buyer) => buy(desk, eventId, buyer)));
  assert(!answers.includes("SERVICE_UNAVAILABLE"), "there was time enough for an answer");
  await assertOnly(eventId, answers, seats);
}

suite("when the connection to Postgres breaks", { concurrency: 4 }, () => {
  for (const [where, point] of Object.entries(CUT_POINTS)) {
    test(`${where}, time and again, every buyer gets one answer and it is what the tables say`, async (t) => {
      const cut = await behind(t, point, 6);
      for (const rounds of [1, 2, 3]) {
        await sellOut(cut, 30);
        assert(cut.cuts >= rounds, "a cut in each round at least");
      }
    });
  }
});

test("wherever the connection breaks, each hold is wholly there or not at all, and its buyer knows", async (t) => {
  const cut = fc.record({ way: fc.constantFrom("up" as const, "down" as const), at: fc.nat(6_000) });
  await fc.assert(
    fc.asyncProperty(fc.array(cut, { minLength: 8, maxLength: 8 }), async (cuts) => {
      await Promise.all(
        cuts.map(async ({ way, at }) => {
          const cut = await behind(t, atByte(way, at), 1);
          await sellOut(cut, 4);
        }),
      );
    }),
    { numRuns: 6, interruptAfterTimeLimit: 15_000, endOnFailure: true },
  );
});

/** So many bytes after a transaction has begun, counted one way. */
function atByte(which: "up" | "down", at: number): CutPoint {
  let passed = 0;
  return ({ way, data }) => {
    if (way !== which) return undefined;
    const left = at - passed;
    passed += data.length;
    return left < data.length ? Math.max(left, 0) : undefined;
  };
}

test("a COMMIT whose reply is long on its way is still answered by what came of it, though the deadline has passed meanwhile", async (t) => {
  const { eventId, seatIds } = await putOnSale(pool, 4);
  const slow = await behind(t, () => undefined, 0);
  const deadline = Date.now() + 1_500;
  const heldBack = slow.holdBack("down", deadline + 300);
  const held = seatIds.map((seatId) =>
    slow.desk.hold(eventId, [seatId], { deadline }).then(({ booking }) => booking.id),
  );
  await heldBack;
  const rival = ask(other, eventId, { seatIds, key: null });
  await assertOnly(eventId, await Promise.all(held), 4);
  assert.equal(await rival, "SEAT_ALREADY_RESERVED", "who waited for those seats is told that they are gone");
});

test("what reaches Postgres past its deadline is not written: by then its buyer may have been told that it is not", async (t) => {
  const { eventId, seatIds } = await putOnSale(pool, 4);
  const slow = await behind(t, () => undefined, 0);
  const deadline = Date.now() + 1_500;
  const heldBack = slow.holdBack("up", deadline + 300);
  const late = seatIds.map((seatId) => {
    const over = { deadline };
    return slow.desk.hold(eventId, [seatId], over).then(
      () => "HELD",
      ({ type }) => type,
    );
  });
  await heldBack;
  const rival = await until(
    async () => {
      const answer = await ask(other, eventId, { seatIds, key: null });
      return REFUSALS.has(answer) ? undefined : answer;
    },
    { what: "the seats to be free for another" },
  );
  assert.deepEqual([...new Set(await Promise.all(late))], ["SERVICE_UNAVAILABLE"]);
  const { rows } = await pool.query("select id from bookings where event_id = $1", [eventId]);
  assert.deepEqual(rows, [{ id: rival }]);
});
