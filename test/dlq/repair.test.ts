import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, test } from "node:test";
import pg from "pg";
import type { BookingResponse } from "#contracts/booking.ts";
import { newFact } from "#contracts/events.ts";
import { FACT_PARTITIONER } from "#mixins/fact-partitioner.ts";
import { factsOf, readFacts } from "../e2e/support/facts.ts";
import { Shop } from "../e2e/support/shop.ts";
import { kafka } from "../facts/fixture.ts";
import { eventix } from "../support/command.ts";
import { untilConsumed } from "../support/consumed.ts";
import { adminUrl } from "../support/database.ts";
import { startNode, type TestNode } from "../support/node.ts";
import { until } from "../support/until.ts";

let node: TestNode;
let shop: Shop;
let held: BookingResponse;
const producer = kafka.producer({ createPartitioner: FACT_PARTITIONER, allowAutoTopicCreation: false });
const database = new pg.Client({
  connectionString: adminUrl(new URL(process.env.DATABASE_URL_BOOKING as string).pathname.slice(1)),
});

before(async () => {
  await Promise.all([producer.connect(), database.connect()]);
  node = await startNode({ services: ["gateway", "catalog", "booking"] });
  await until(async () => (await fetch(`${node.url}/api/events`)).ok, { what: "the catalog to be found" });
  shop = new Shop(node.url);
  const event = await shop.putOnSale(1);
  held = await shop.hold("alice", event.id, event.seatIds);
});
after(async () => {
  await node.stop();
  await Promise.all([producer.disconnect(), database.end()]);
});

interface Listed {
  place: string;
  key: string;
  state: string;
  consumer: string;
}

async function lettersOf(key: string): Promise<Listed[]> {
  const { code, stdout, stderr } = await eventix(["dlq", "list", "payment.success", "--since", "1h", "--json"]);
  assert.deepEqual([code, stderr], [0, ""]);
  return JSON.parse(stdout).letters.filter((letter: Listed) => letter.key === key);
}

/** What hinders the fact for as long as nobody mends it: the booking is not where it was. */
const rename = (from: string, to: string) => database.query("update bookings set id = $2 where id = $1", [from, to]);

test("a fact that broke a rule for ever is applied exactly once after the repair, however often it is retried", async () => {
  const { id, eventId, totalMinor, currency } = held;
  const elsewhere = randomUUID();
  const ids = { paymentId: randomUUID(), bookingId: id, eventId, captureId: randomUUID() };
  const fact = newFact("payment.success", "eventix/payment", id, { ...ids, amountMinor: totalMinor, currency });
  const value = JSON.stringify({ time: new Date().toISOString(), ...fact });
  assert.equal((await rename(id, elsewhere)).rowCount, 1);
  await producer.send({ topic: "payment.success", messages: [{ key: id, value }] });
  const letter = await until(async () => (await lettersOf(id))[0], { what: "the dead letter" });
  assert.deepEqual([letter.state, letter.consumer], ["waits", "booking.payment-result"]);

  const shown = await eventix(["dlq", "show", "payment.success", letter.place]);
  assert.equal(shown.code, 0, shown.stderr);
  assert.match(shown.stdout, new RegExp(`^REASON\nno booking ${id} of event ${eventId}$`, "m"));
  assert.match(shown.stdout, new RegExp(`^npx eventix dlq retry payment.success ${letter.place}$`, "m"));

  // Too early: it is refused again, and that is a new dead letter.
  const early = await eventix(["dlq", "retry", "payment.success", letter.place]);
  assert.equal(early.code, 0, early.stderr);
  const again = await until(async () => (await lettersOf(id))[1], { what: "the second dead letter" });
  assert.deepEqual(
    (await lettersOf(id)).map(({ place, state }) => [place, state]),
    [
      [letter.place, "refused again"],
      [again.place, "waits"],
    ],
  );

  assert.equal((await rename(elsewhere, id)).rowCount, 1);
  const dry = await eventix(["dlq", "retry", "--all", "--reason", `no booking ${id}`, "--dry-run"]);
  assert.match(
    dry.stdout,
    new RegExp(`^payment.success ${again.place} would be retried for booking.payment-result`, "m"),
  );
  assert.equal((await shop.booking("alice", id)).data.status, "PENDING");
  const all = await eventix(["dlq", "retry", "--all", "--reason", `no booking ${id}`]);
  assert.match(all.stdout, /^1 retried, 1 need nothing, 0 cannot be\.$/m);
  assert.equal((await shop.untilEnded("alice", id)).status, "CONFIRMED");

  // Whatever is done once more, by the command or by hand, changes nothing.
  const repeated = await eventix(["dlq", "retry", "payment.success", letter.place, again.place]);
  assert.equal(repeated.code, 0);
  assert.match(repeated.stdout, /^0 retried, 2 need nothing, 0 cannot be\.$/m);
  await producer.send({ topic: "payment.success", messages: [{ key: id, value }] });
  // Payment does not run here: what others have left to its groups is not waited for.
  await untilConsumed(/^eventix\.booking\./);
  const states = (await lettersOf(id)).map(({ state }) => state);
  assert.deepEqual(states, ["applied", "applied"]);
  const told = await until(
    async () => {
      const facts = factsOf(await readFacts(["booking.created", "booking.confirmed", "booking.refund_due"]), id);
      return facts.length > 1 ? facts : undefined;
    },
    { what: "the confirmation on its topic" },
  );
  assert.deepEqual(
    told.map(({ type }) => type),
    ["booking.created", "booking.confirmed"],
  );
  assert.match(
    node.log(),
    /is the dead letter payment\.success\.dlq\/0@\d+ of booking\.payment-result, retried by cli:/,
  );
});
