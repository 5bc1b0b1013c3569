import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import pg from "pg";
import { silent } from "#stack/progress.ts";
import { migrate } from "../../migrations/migrate.ts";
import { type OwnStack, ownStack } from "../health/support/own-stack.ts";
import { eventix } from "../support/command.ts";
import { withAdmin } from "../support/kafka-admin.ts";
import { startNode, type TestNode, untilReachable } from "../support/node.ts";
import { until } from "../support/until.ts";
import { Shop } from "./support/shop.ts";

/**
 * Booking's database is lost and comes back as it was some time ago, while payment's and Kafka go on from now: docs/operations.md
 * says what to do then. Rows are kept and put back by SQL: what a backup does as well, and any role may.
 */
let stack: OwnStack;
let booking: pg.Client;
let node: TestNode | undefined;
let shop: Shop;

before(async () => {
  stack = await ownStack();
  await migrate(stack.env, silent);
  booking = new pg.Client({ connectionString: stack.env.DATABASE_URL_BOOKING as string });
  await booking.connect();
});
after(async () => {
  await node?.stop();
  await booking.end();
  await stack.remove();
});

async function start(delayMs: number): Promise<void> {
  const env = { ...stack.env, PAYMENT_SUCCESS_RATE: "1", PAYMENT_DELAY_MS: String(delayMs) };
  node = await startNode({ env });
  await untilReachable(node);
  shop = new Shop(node.url);
}

async function tables(): Promise<string[]> {
  const { rows } = await booking.query(
    "select c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace " +
      "where n.nspname = 'public' and c.relkind in ('r', 'p') and not c.relispartition and c.relname not like 'knex%'",
  );
  return rows.map(({ name }) => name);
}

async function backUp(): Promise<void> {
  await booking.query("create schema kept");
  for (const name of await tables()) await booking.query(`create table kept.${name} as table public.${name}`);
}

async function restore(): Promise<void> {
  const names = await tables();
  await booking.query(`truncate ${names.map((name) => `public.${name}`).join(", ")}`);
  for (const name of names) {
    await booking.query(`insert into public.${name} overriding system value select * from kept.${name}`);
  }
}

/** As `kafka-consumer-groups.sh --reset-offsets --to-datetime` does. */
async function resetConsumers(groupId: string, topics: readonly string[], time: number): Promise<void> {
  await withAdmin(
    async (admin) => {
      for (const topic of topics) {
        const partitions = await admin.fetchTopicOffsetsByTimestamp(topic, time);
        await admin.setOffsets({ groupId, topic, partitions });
      }
    },
    (stack.env.KAFKA_BROKERS as string).split(","),
  );
}

const audit = () => eventix(["audit", "--json", "--settle", "3s"], { env: stack.env });

test("bookings that were paid after the backup are confirmed again; money for those that are lost is told", async () => {
  await start(8_000);
  const { id, seatIds } = await shop.putOnSale(3);
  const pending = await shop.hold("alice", id, [seatIds[0] as string]);
  await node?.stop();
  const backedUpAt = Date.now();
  await backUp();

  await start(20);
  assert.equal((await shop.untilEnded("alice", pending.id, 40_000)).status, "CONFIRMED");
  const lost = await shop.hold("bob", id, [seatIds[1] as string]);
  assert.equal((await shop.untilEnded("bob", lost.id)).status, "CONFIRMED");
  await node?.stop();

  await restore();
  const groups = { "payment-result": ["payment.success", "payment.failed"], "event-published": ["event.published"] };
  for (const [group, topics] of Object.entries(groups)) {
    await resetConsumers(`eventix.booking.${group}`, topics, backedUpAt - 60_000);
  }
  await start(20);
  assert.equal((await shop.untilEnded("alice", pending.id)).status, "CONFIRMED");
  assert.equal((await shop.booking("bob", lost.id)).status, 404);

  const letters = await until(
    async () => {
      const { stdout } = await eventix(["dlq", "list", "payment.success.dlq", "--json"], { env: stack.env });
      return stdout.includes(lost.id) ? stdout : undefined;
    },
    { what: "the money of the lost booking to be a dead letter", ms: 60_000 },
  );
  assert.match(letters, /no booking/);
  assert.ok(!letters.includes(pending.id));
  const { code, stdout } = await audit();
  assert.equal(code, 1, stdout);
  assert.ok(stdout.includes(lost.id), "the audit does not name the booking whose money has no booking");
  assert.ok((await shop.hold("carol", id, [seatIds[1] as string])).id, "its seat can be sold");
});
