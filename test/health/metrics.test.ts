import assert from "node:assert/strict";
import { after, before, type TestContext, test } from "node:test";
import pg from "pg";
import { METRICS } from "#broker/node-metrics.ts";
import { freePort } from "#stack/ports.ts";
import { Shop } from "../e2e/support/shop.ts";
import { startNode, type TestNode, untilReachable } from "../support/node.ts";
import { until } from "../support/until.ts";

let node: TestNode;
let shop: Shop;
let metricsUrl: string;

before(async () => {
  const port = await freePort();
  metricsUrl = `http://127.0.0.1:${port}/metrics`;
  node = await startNode({ env: { PROBE_PORT: String(port), PAYMENT_DELAY_MS: "600000" } });
  await untilReachable(node);
  shop = new Shop(node.url);
});
after(() => node.stop());

/** As Prometheus writes them: a name, labels, a number. */
const SAMPLE = /^([a-z_\d]+)(?:\{((?:[a-z_]+="[^"]*",?)*)\})? (-?[\d.e+-]+|nan|[+-]inf)$/i;

interface Sample {
  name: string;
  labels: Record<string, string>;
  value: number;
}

async function scrape(): Promise<Sample[]> {
  const response = await fetch(metricsUrl);
  assert.match(response.headers.get("content-type") ?? "", /^text\/plain; version=0\.0\.4/);
  const lines = (await response.text()).split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return lines.map((line) => {
    const [, name = "", labels = "", value] = SAMPLE.exec(line) ?? assert.fail(`not a sample: ${line}`);
    return { name, labels: Object.fromEntries(pairsOf(labels)), value: Number(value) };
  });
}

const pairsOf = (labels: string) => [...labels.matchAll(/([a-z_]+)="([^"]*)"/g)].map(([, key, value]) => [key, value]);

/** What a metric says where the labels are those. */
async function told(name: string, labels: Record<string, string> = {}): Promise<number | undefined> {
  const isIt = (sample: Sample) => Object.entries(labels).every(([key, value]) => sample.labels[key] === value);
  return (await scrape()).find((sample) => sample.name === name && isIt(sample))?.value;
}

test("a node tells every metric there is, with the labels that the table says, and those of its process", async () => {
  await shop.call("GET", "/api/events");
  const samples = await until(
    async () => {
      const now = await scrape();
      return now.some(({ name }) => name === "eventix_consumer_lag") ? now : undefined;
    },
    { what: "its consumers to read" },
  );
  for (const [name, { kind, labels }] of Object.entries(METRICS)) {
    const own = samples.find((sample) => sample.name === (kind === "histogram" ? `${name}_count` : name));
    assert.deepEqual(Object.keys(own?.labels ?? assert.fail(`no ${name}`)), labels, name);
  }
  for (const name of ["process_resident_memory_bytes", "nodejs_eventloop_lag_p99_seconds"]) {
    assert.ok(
      samples.some((sample) => sample.name === name && sample.value > 0),
      name,
    );
  }
  assert.equal(await told("eventix_node_ready"), 1);
  assert.equal(await told("eventix_dependency_up", { dependency: "postgres", service: "booking" }), 1);
});

test("requests are counted by route and status, never by what a client wrote", async () => {
  await shop.call("GET", "/api/events/none-such");
  await shop.call("GET", "/nothing/here?token=secret");
  const count = "eventix_http_request_seconds_count";
  assert.equal(await told(count, { route: "/api/events/:id", status: "422" }), 1);
  const routes = (await scrape()).flatMap(({ name, labels }) => (name === count ? [labels.route] : []));
  assert.deepEqual(
    routes.filter((route) => /none-such|nothing|secret/.test(route ?? "")),
    [],
  );
});

/** A client inside a transaction, which a test that fails ends too. */
async function blocker(t: TestContext): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: process.env.DATABASE_URL_BOOKING as string });
  await client.connect();
  t.after(() => client.end());
  await client.query("begin");
  return client;
}

test("holds that wait for a locked seat are seen waiting, until they are answered", async (t) => {
  const { id, seatIds } = await shop.putOnSale(1);
  const client = await blocker(t);
  await client.query("select from seat_inventory where event_id = $1 for update", [id]);
  const answers = Promise.all(Array.from({ length: 20 }, () => shop.book("alice", id, seatIds)));
  await until(async () => ((await told("eventix_holds_waiting")) ?? 0) >= 15, { what: "holds to be seen waiting" });
  assert.ok(((await told("eventix_event_actors")) ?? 0) >= 1);
  await client.query("rollback");
  const statuses = (await answers).map(({ status }) => status).sort();
  assert.equal(statuses[0], 201);
  await until(async () => (await told("eventix_holds_waiting")) === 0, { what: "none to wait any more" });
});

test("facts that cannot leave are counted, and a database that is locked does not keep the rest from being told", async (t) => {
  const client = await blocker(t);
  await client.query("lock table outbox in access exclusive mode");
  assert.equal(await told("eventix_node_ready"), 1);
  assert.equal(await told("eventix_outbox_facts", { service: "booking" }), undefined);
  await client.query("rollback");
  await until(async () => (await told("eventix_outbox_facts", { service: "booking" })) === 0, { what: "the count" });
});
