import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { after, describe, test } from "node:test";
import pg from "pg";
import { createKafka } from "#broker/kafka.client.ts";
import type { BookingResponse } from "#contracts/booking.ts";
import type { Fact } from "#contracts/events.ts";
import { freePort } from "#stack/ports.ts";
import { untilConsumed } from "../support/consumed.ts";
import { startNode, type TestNode, untilReachable } from "../support/node.ts";
import { until } from "../support/until.ts";
import { factsOf, readFacts, versionOf } from "./support/facts.ts";
import { Shop } from "./support/shop.ts";

const paid = { PAYMENT_SUCCESS_RATE: "1", PAYMENT_DELAY_MS: "300" };

async function open(env: Record<string, string>): Promise<{ node: TestNode; shop: Shop }> {
  const node = await startNode({ env });
  await untilReachable(node);
  return { node, shop: new Shop(node.url) };
}

async function holdAll(shop: Shop, seats: number): Promise<{ eventId: string; held: BookingResponse[] }> {
  const { id, seatIds } = await shop.putOnSale(seats);
  const held = await Promise.all(seatIds.map((seatId, n) => shop.hold(`buyer-${n}`, id, [seatId])));
  return { eventId: id, held };
}

test("a node killed in mid-saga loses nothing: after its restart every booking is confirmed, each fact once by its id", async () => {
  const first = await open(paid);
  const { held } = await holdAll(first.shop, 30);
  await first.node.kill("SIGKILL");

  const { node, shop } = await open(paid);
  after(() => node.stop());
  const ended = await Promise.all(held.map((booking, n) => shop.untilEnded(`buyer-${n}`, booking.id, 45_000)));
  assert.deepEqual([...new Set(ended.map((booking) => booking.status))], ["CONFIRMED"]);
  const facts = await until(
    async () => {
      const all = await readFacts(["booking.created", "booking.confirmed"]);
      return held.every((booking) => factsOf(all, booking.id).length === 2) ? all : undefined;
    },
    { what: "all facts of all bookings" },
  );
  for (const booking of held) assert.deepEqual(factsOf(facts, booking.id).map(versionOf), [1, 2]);
  await node.stop();
});

test("every fact told again, in any order, changes no row", async () => {
  const { node, shop } = await open({ ...paid, PAYMENT_DELAY_MS: "0" });
  const { eventId, held } = await holdAll(shop, 8);
  await Promise.all(held.map((booking, n) => shop.untilEnded(`buyer-${n}`, booking.id)));
  const before = await snapshot(eventId);

  const facts = (await readFacts()).filter((fact) => eventOf(fact) === eventId);
  assert(facts.length >= 3 * held.length, `${facts.length} facts of ${held.length} bookings`);
  const kafka = createKafka({ brokers: (process.env.KAFKA_BROKERS ?? "").split(","), clientId: "repeater" });
  const producer = kafka.producer();
  await producer.connect();
  const repeated = facts.toReversed().filter((fact) => fact.type !== "seat.changed");
  const topicMessages = [...Map.groupBy(repeated, (fact) => fact.type)].map(([topic, same]) => ({
    topic,
    messages: same.map((fact) => ({ key: fact.subject, value: JSON.stringify(fact) })),
  }));
  await producer.sendBatch({ topicMessages });
  await producer.disconnect();
  await untilConsumed();

  assert.deepEqual(await snapshot(eventId), before);
  await node.stop();
});

describe("without Redis", () => {
  for (const [what, signal] of [
    ["killed", "SIGKILL"],
    ["stalled", "SIGSTOP"],
  ] as const) {
    test(`bookings go on while Redis is ${what}, and no seat is sold twice`, async () => {
      const port = await freePort();
      const redis = spawn("redis-server", ["--port", String(port), "--bind", "127.0.0.1", "--save", ""], {
        stdio: "ignore",
      });
      after(() => end(redis));
      const { node, shop } = await open({ ...paid, REDIS_URL: `redis://127.0.0.1:${port}` });
      const { id, seatIds } = await shop.putOnSale(20);
      await shop.hold("early", id, [seatIds[0] as string]);

      redis.kill(signal);
      const wishes = seatIds.slice(1).flatMap((seatId) => [seatId, seatId, seatId]);
      const answers = await Promise.all(wishes.map((seatId, n) => shop.book(`late-${n}`, id, [seatId])));
      assert.equal(answers.filter((answer) => answer.status === 201).length, 19);
      assert.deepEqual(
        [...new Set(answers.filter((a) => a.status !== 201).map((a) => a.error?.code))],
        ["SEAT_ALREADY_RESERVED"],
      );
      await node.stop();
      end(redis);
    });
  }
});

function end(child: ChildProcess): void {
  child.kill("SIGCONT");
  child.kill("SIGKILL");
}

const eventOf = (fact: Fact): string => (fact.data as { eventId?: string }).eventId ?? fact.subject;

/** All rows that say what became of an event's bookings, seats and money. */
async function snapshot(eventId: string): Promise<unknown> {
  const queries: [url: string | undefined, sql: string][] = [
    [process.env.DATABASE_URL_BOOKING, "select * from bookings where event_id = $1 order by id"],
    [process.env.DATABASE_URL_BOOKING, "select * from booking_items where event_id = $1 order by booking_id, seat_id"],
    [process.env.DATABASE_URL_BOOKING, "select * from seat_inventory where event_id = $1 order by event_id, seat_id"],
    [process.env.DATABASE_URL_PAYMENT, "select * from payments where event_id = $1 order by id"],
    [
      process.env.DATABASE_URL_PAYMENT,
      "select c.* from captures c join payments p on p.id = c.payment_id where p.event_id = $1 order by c.id",
    ],
  ];
  return Promise.all(
    queries.map(async ([connectionString, sql]) => {
      const client = new pg.Client({ connectionString: connectionString as string });
      await client.connect();
      const { rows } = await client.query(sql, [eventId]);
      await client.end();
      return rows;
    }),
  );
}
