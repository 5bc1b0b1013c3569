import assert from "node:assert/strict";
import { after, before, beforeEach, type TestContext, test } from "node:test";
import pg from "pg";
import { createPool, sessionName } from "#mixins/database.mixin.ts";
import { FactPublisher } from "#mixins/fact-publisher.ts";
import { appendFacts } from "#mixins/outbox.repository.ts";
import { Relay } from "#mixins/relay.ts";
import { transaction } from "#mixins/transaction.ts";
import { hindranceOf } from "../../cli/outbox/hindrance.ts";
import { OutboxWatch } from "../../cli/outbox/outbox-watch.ts";
import { cancelled, kafka, recordingLogger } from "../facts/fixture.ts";
import { eventix, startEventix } from "../support/command.ts";
import { adminUrl, freshDatabase } from "../support/database.ts";
import { until } from "../support/until.ts";

let url: string;
/** As a node's. */
let pool: pg.Pool;
let env: Record<string, string>;

before(async () => {
  const [catalog, booking] = await Promise.all([freshDatabase("catalog"), freshDatabase("booking")]);
  url = await freshDatabase("payment");
  env = { DATABASE_URL_CATALOG: catalog, DATABASE_URL_BOOKING: booking, DATABASE_URL_PAYMENT: url };
  pool = createPool(url, sessionName("payment", "node-1"));
  pool.on("error", () => {});
});
beforeEach(() => pool.query("truncate outbox"));
after(() => pool.end());

const write = (count: number) =>
  transaction(pool, (tx) =>
    appendFacts(
      tx,
      Array.from({ length: count }, () => cancelled()),
    ),
  );

interface Told {
  service: string;
  rows: number;
  oldestSeconds: number | null;
  topics: Record<string, number>;
  nodes: string[];
  stoppedBy: string | null;
}

async function told(over: Record<string, string> = {}): Promise<Record<string, Told>> {
  const { code, stdout, stderr } = await eventix(["outbox", "--json"], { env: { ...env, ...over } });
  assert.deepEqual([code, stderr], [0, ""]);
  const { outboxes } = JSON.parse(stdout) as { outboxes: Told[] };
  return Object.fromEntries(outboxes.map((one) => [one.service, one]));
}

test("what waits is counted by topic, with its age; a database without a node is said to have none", async () => {
  await write(7);
  const { payment, booking } = await told();
  assert.deepEqual([payment?.rows, payment?.topics], [7, { "booking.cancelled": 7 }]);
  assert((payment?.oldestSeconds ?? -1) >= 0);
  assert.deepEqual([payment?.nodes, payment?.stoppedBy], [["node-1"], null]);
  assert.deepEqual([booking?.rows, booking?.oldestSeconds, booking?.nodes], [0, null, []]);
  assert.match(
    booking?.stoppedBy ?? "",
    /^no node of booking is connected: npm start, or SERVICES=booking npm run node$/,
  );
});

test("it answers while Kafka is away, and says that this is what facts wait for", async () => {
  await write(2);
  const { payment } = await told({ KAFKA_BROKERS: "127.0.0.1:1" });
  assert.equal(payment?.rows, 2);
  assert.match(payment?.stoppedBy ?? "", /^Kafka at 127\.0\.0\.1:1 does not answer \(.*\): npx eventix up$/);
});

test("a topic that Kafka does not have is named", async () => {
  await write(1);
  await pool.query("update outbox set topic = 'booking.made'");
  const { payment } = await told();
  assert.equal(payment?.stoppedBy, "Kafka has no topic booking.made: npx eventix up makes it");
});

/** As superuser, on a connection of its own, whatever `during` does. */
async function holding<T>(statement: string, during: (pid: number) => Promise<T>): Promise<T> {
  const connectionString = adminUrl(new URL(url).pathname.slice(1));
  const client = new pg.Client({ connectionString, application_name: "somebody-else" });
  await client.connect();
  try {
    await client.query("begin");
    await client.query(statement);
    const { rows } = await client.query("select pg_backend_pid() as pid");
    return await during(rows[0].pid);
  } finally {
    await client.end();
  }
}

test("whoever locks the outbox is named, and the command fails", async () => {
  await holding("lock table outbox in access exclusive mode", async (pid) => {
    const { code, stdout } = await eventix(["outbox"], { env });
    assert.equal(code, 1);
    assert.match(stdout, new RegExp(`^payment: the outbox is locked by somebody-else \\(pid ${pid}\\)\\.$`, "m"));
    assert.match(stdout, /^payment +\? /m);
    assert.match(stdout, /^catalog +0 /m);
  });
});

/** Runs until the test has ended, however it ends. */
function startRelay(context: TestContext): void {
  const { logger } = recordingLogger();
  const relay = new Relay(pool, new FactPublisher(kafka, logger), logger);
  context.after(() => relay.stop());
  relay.start();
}

function watching(context: TestContext): OutboxWatch {
  const watch = new OutboxWatch("payment", url);
  context.after(() => watch.close());
  return watch;
}

test("whoever a relay waits for is named", async (context) => {
  await write(1);
  await holding("select from outbox for update", async (pid) => {
    const watch = watching(context);
    startRelay(context);
    const said = async () => {
      const stoppedBy = hindranceOf(await watch.look(200), { topics: ["booking.cancelled"] });
      return stoppedBy?.includes("waits for") ? stoppedBy : undefined;
    };
    const says = `^eventix-payment@node-1 \\(pid \\d+\\) leads, and waits for somebody-else \\(pid ${pid}\\)$`;
    assert.match(await until(said, { what: "the relay to be seen waiting" }), new RegExp(says));
  });
});

test("a relay is seen to lead, idle or not, and how many rows it publishes in a second", async (context) => {
  const watch = watching(context);
  await watch.look(0);
  await write(300);
  const waiting = await watch.look(100);
  assert.equal(waiting.published, 0);
  assert((waiting.written ?? 0) > 0);
  startRelay(context);
  const empty = async () => (await pool.query("select from outbox")).rowCount === 0;
  await until(empty, { what: "the relay to publish" });
  const leading = await watch.look(200);
  assert.equal(leading.leader?.node, "node-1");
  assert.equal(leading.written, 0);
  assert((leading.published ?? 0) > 0);
  const idle = await until(
    async () => {
      const { leader } = await watch.look(50);
      return leader && leader.at > (leading.leader?.at ?? 0) ? leader : undefined;
    },
    { what: "a later round to be seen" },
  );
  assert.deepEqual([idle.node, idle.since], ["node-1", leading.leader?.since]);
});

test("--watch goes on until Ctrl-C, a line a look for programs", async (context) => {
  const watch = startEventix(["outbox", "--watch", "--json"], { env });
  context.after(() => watch.child.kill("SIGKILL"));
  await until(() => watch.printed().split("\n").length > 2, { what: "two looks", ms: 20_000 });
  watch.child.kill("SIGINT");
  const { code, stdout, stderr } = await watch.finished;
  assert.deepEqual([code, stderr], [0, ""]);
  for (const line of stdout.trim().split("\n")) assert.equal(JSON.parse(line).outboxes.length, 3);
});
