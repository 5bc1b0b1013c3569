import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import pg from "pg";
import type { EventResponse } from "#contracts/catalog.ts";
import { type Command, eventix, startEventix } from "../support/command.ts";
import { freshDatabase } from "../support/database.ts";
import { startNode, type TestNode, untilReachable } from "../support/node.ts";
import { until } from "../support/until.ts";

/** One stack's data from the first seed on; the tests build on one another, in order. */
const [DATABASE_URL_CATALOG, DATABASE_URL_BOOKING, DATABASE_URL_PAYMENT] = (await Promise.all(
  (["catalog", "booking", "payment"] as const).map(freshDatabase),
)) as [string, string, string];
const databases = { DATABASE_URL_CATALOG, DATABASE_URL_BOOKING, DATABASE_URL_PAYMENT };
const catalog = new pg.Pool({ connectionString: DATABASE_URL_CATALOG, max: 1 });
const booking = new pg.Pool({ connectionString: DATABASE_URL_BOOKING, max: 1 });
const SOLD_OUT = "00000000-0000-4000-8000-000000000002";

let node: TestNode;
before(async () => {
  // One payment in two is declined: its seats have to be sold again.
  node = await startNode({ env: { ...databases, PAYMENT_DELAY_MS: "20", PAYMENT_SUCCESS_RATE: "0.5" } });
  await untilReachable(node);
});
after(async () => {
  await node.stop();
  await Promise.all([catalog.end(), booking.end()]);
});

const SEED = () => ["seed", "--url", node.url];
const rowsOf = async (database: pg.Pool, sql: string, ...values: unknown[]) => (await database.query(sql, values)).rows;
const statuses = () =>
  rowsOf(booking, "select status, count(*)::int from seat_inventory where event_id = $1 group by 1", SOLD_OUT);

async function cut(command: Command, when: () => Promise<unknown>): Promise<void> {
  await until(when, { what: "the moment to kill the seed" });
  command.child.kill("SIGKILL");
  await command.finished;
}

test("a seed that is killed between a venue and its events, and while it sells out, is finished by the next", async () => {
  await cut(startEventix(SEED()), async () => (await rowsOf(catalog, "select from venues")).length > 0);
  await cut(startEventix(SEED()), async () => (await rowsOf(booking, "select from bookings")).length > 0);
  const { code, stderr } = await eventix(SEED());
  assert.equal(code, 0, stderr);
  assert.deepEqual(await statuses(), [{ status: "BOOKED", count: 72 }]);
});

test("there are four events: one starts soon, one is sold out, one is an arena with short holds", async () => {
  const { data } = (await (await fetch(`${node.url}/api/events`)).json()) as { data: EventResponse[] };
  const ids = data.map(({ id }) => id.at(-1));
  assert.deepEqual(ids, ["3", "1", "2", "4"]);
  const hours = (Date.parse(data[0]?.startsAt as string) - Date.now()) / 3_600_000;
  assert(hours > 0 && hours < 48, `starts in ${hours} h`);
  const terms = await rowsOf(
    booking,
    "select right(event_id::text, 1) as id, hold_seconds, seat_count from event_inventory",
  );
  const arena = terms.find(({ id }) => id === "4");
  assert.deepEqual([arena?.hold_seconds, arena?.seat_count], [60, 20_095]);
});

test("its tickets were bought like any other: the audit finds nothing wrong", async () => {
  const { code, stdout } = await eventix(["audit"], { env: databases });
  assert.equal(code, 0, stdout);
  assert.match(stdout, /^I1 .*: 72 active seats/m);
});

test("seeding again changes nothing", async () => {
  const all = async () => [
    await rowsOf(catalog, "select * from venues order by id"),
    await rowsOf(catalog, "select * from events order by id"),
    await rowsOf(booking, "select * from bookings order by id"),
  ];
  const was = await all();
  const { code, stderr } = await eventix(SEED());
  assert.equal(code, 0);
  assert.equal(stderr, `4 sample events are on sale: ${node.url}/api/events\n`);
  assert.deepEqual(await all(), was);
});

test("events that have begun are named, with the way to new dates", async () => {
  await catalog.query("update events set starts_at = now() - interval '1 month' where id <> $1", [SOLD_OUT]);
  const { code, stderr } = await eventix(SEED());
  assert.equal(code, 0);
  assert.match(stderr, /\nBegun since they were made, and still on sale: The Tempest, .*live\. For new dates/);
  assert.doesNotMatch(stderr, /Twelfth Night/);
});
