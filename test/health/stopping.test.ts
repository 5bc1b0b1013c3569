import assert from "node:assert/strict";
import { after, test } from "node:test";
import pg from "pg";
import { Shop } from "../e2e/support/shop.ts";
import { untilConsumed } from "../support/consumed.ts";
import { withAdmin } from "../support/kafka-admin.ts";
import { startNode, type TestNode, untilReachable } from "../support/node.ts";
import { until } from "../support/until.ts";
import { Client } from "./support/client.ts";

const CLIENTS = 12;
/** Payments never come: bookings stay as their buyers left them. */
const env = { PAYMENT_DELAY_MS: "600000", RATE_LIMIT_PER_MINUTE: "1000000" };

async function query<R extends object>(database: string, statement: string, values: unknown[] = []): Promise<R[]> {
  const client = new pg.Client({ connectionString: process.env[database] as string });
  await client.connect();
  return (await client.query<R>(statement, values).finally(() => client.end())).rows;
}

/** Facts that payment's consumers have applied, and those whose offsets they have committed. */
async function consumed(): Promise<{ applied: number; committed: number }> {
  const groups = ["booking-created", "booking-ended"].map((name) => `payment.${name}`);
  const counted = "select count(*)::int as applied from processed_events where consumer = any($1)";
  const [{ applied } = { applied: 0 }] = await query<{ applied: number }>("DATABASE_URL_PAYMENT", counted, [groups]);
  const offsets = await withAdmin((admin) =>
    Promise.all(groups.map((group) => admin.fetchOffsets({ groupId: `eventix.${group}` }))),
  );
  const all = offsets.flatMap((topics) => topics.flatMap(({ partitions }) => partitions));
  return { applied, committed: all.reduce((sum, { offset }) => sum + Math.max(0, Number(offset)), 0) };
}

/** Buyers at these gateways, each with a seat of its own, all of whom have bought something. */
async function crowd(urls: string[]): Promise<{ clients: Client[]; leave: () => Promise<void> }> {
  const { id, seatIds } = await new Shop(urls[0] as string).putOnSale(CLIENTS);
  const clients = seatIds.map((seatId, n) => new Client(urls[n % urls.length] as string, `buyer-${n}`, id, seatId));
  const enough = new AbortController();
  const runs = clients.map((client) => client.run(enough.signal));
  await until(() => clients.every(({ cancelled }) => cancelled.length > 2), { what: "everybody to buy", ms: 30_000 });
  return {
    clients,
    async leave() {
      enough.abort();
      await Promise.all(runs);
    },
  };
}

const STOP_MS = 10_000;

async function stop(node: TestNode): Promise<void> {
  const began = performance.now();
  await node.kill("SIGTERM");
  const took = performance.now() - began;
  assert.equal(await node.ended, "exit code 0");
  assert.ok(took < STOP_MS, `${took} ms`);
}

async function assertNothingLost(clients: Client[]): Promise<void> {
  assert.deepEqual(
    clients.flatMap(({ failures }) => failures),
    [],
  );
  const held = clients.flatMap((client) => client.held);
  const known = await query<{ id: string; status: string }>(
    "DATABASE_URL_BOOKING",
    "select id, status from bookings where id = any($1)",
    [held],
  );
  assert.equal(known.length, held.length, "every hold that was answered 201 is kept");
  const cancelled = new Set(clients.flatMap((client) => client.cancelled));
  const revived = known.filter(({ id, status }) => cancelled.has(id) && status !== "CANCELLED");
  assert.deepEqual(revived, [], "every cancel that was answered 200 is kept");
}

test("a node that is stopped under load answers all it took, refuses by 503, and leaves nothing half done", async () => {
  const node = await startNode({ env });
  after(() => node.stop());
  await untilReachable(node);
  // What tests before this one left is applied while the node starts: it must not come between the two that are counted.
  await untilConsumed();
  const before = await consumed();
  const { clients, leave } = await crowd([node.url]);
  await stop(node);
  await until(() => clients.every(({ isShutOut }) => isShutOut), { what: "nobody to be served" });
  await leave();
  await assertNothingLost(clients);
  const refused = clients.flatMap((client) => client.refused);
  assert.ok(refused.length > 0, "somebody was told");
  assert.ok(refused.every(({ headers }) => headers["retry-after"] === "1" && headers.connection === "close"));
  const { applied, committed } = await consumed();
  assert.equal(committed - before.committed, applied - before.applied, "what was applied is committed");
});

test("of two nodes one is stopped under load: buyers at the other are served on", async () => {
  const [staying, leaving] = await Promise.all([startNode({ env }), startNode({ env })]);
  after(() => Promise.all([staying.stop(), leaving.stop()]));
  await Promise.all([untilReachable(staying), untilReachable(leaving)]);
  const { clients, leave } = await crowd([staying.url, leaving.url]);
  await stop(leaving);
  const stayed = clients.filter((_, n) => n % 2 === 0);
  const sold = stayed.map(({ held }) => held.length);
  await until(() => stayed.every(({ held }, n) => held.length > (sold[n] as number) + 2), { what: "more sales" });
  await leave();
  await assertNothingLost(clients);
  assert.ok(stayed.every(({ isShutOut }) => !isShutOut));
});
