import assert from "node:assert/strict";
import { after, test } from "node:test";
import type { NewFact } from "#contracts/events.ts";
import { connected } from "#stack/postgres/databases.ts";
import { kafka, recordOf } from "../facts/fixture.ts";
import { startNode, type TestNode } from "../support/node.ts";
import { until } from "../support/until.ts";
import { aBooking, created } from "./fixture.ts";

let node: TestNode;
const producer = kafka.producer();
after(async () => {
  await producer.disconnect();
  await node.stop();
});

const startPayment = () =>
  startNode({ services: ["payment"], env: { PAYMENT_SUCCESS_RATE: "1", PAYMENT_DELAY_MS: "300", LOG_LEVEL: "debug" } });

async function publish(facts: NewFact[]): Promise<void> {
  await producer.connect();
  const messages = facts.map(recordOf).map(({ key, value }) => ({ key, value }));
  await producer.send({ topic: "booking.created", messages });
}

/** How many of these bookings have how many captures, and how many facts still wait for the relay. */
const paid = (ids: string[]) =>
  connected(process.env.DATABASE_URL_PAYMENT ?? "", async (client) => {
    const { rows } = await client.query("select booking_id from captures where booking_id = any($1)", [ids]);
    const { rowCount: waiting } = await client.query("select from outbox");
    return { captures: rows.map((row) => row.booking_id).sort(), waiting };
  });

test("a payment node that is killed in the middle leaves its work to the next, and nobody is charged twice", async () => {
  const facts = Array.from({ length: 60 }, () => created(aBooking()));
  const ids = facts.map((fact) => fact.subject);
  node = await startPayment();
  await publish(facts.slice(0, 30));
  await until(async () => (await paid(ids)).captures.length > 0, { what: "the first capture" });
  await publish(facts.slice(30));
  const killed = node;
  await killed.kill("SIGKILL");
  node = await startPayment();
  const done = await until(
    async () => {
      const now = await paid(ids);
      return now.captures.length >= 60 && now.waiting === 0 ? now : undefined;
    },
    { what: "every booking to be paid and announced", ms: 40_000 },
  );
  assert.deepEqual(done.captures, [...ids].sort());
  const log = killed.log() + node.log();
  assert.ok(
    ids.some((id) => log.includes(`c-${id}`)),
    "the log of the saga carries its correlation id",
  );
});

test("a payment node stops cleanly and at once", async () => {
  const since = Date.now();
  await node.stop();
  assert.ok(Date.now() - since < 4_000, `${Date.now() - since} ms`);
  assert.doesNotMatch(node.log(), /"level":"(error|fatal)"/);
});
