import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import pg from "pg";
import { CLUSTER_HEALTH, type ClusterHealth } from "#contracts/health.ts";
import { compile } from "#contracts/schema.ts";
import { freePort } from "#stack/ports.ts";
import { silent } from "#stack/progress.ts";
import { migrate } from "../../migrations/migrate.ts";
import { largePlan } from "../catalog/support/plans.ts";
import { Shop } from "../e2e/support/shop.ts";
import { startNode, type TestNode } from "../support/node.ts";
import { tokenFor } from "../support/token.ts";
import { until } from "../support/until.ts";
import { type OwnStack, ownStack } from "./support/own-stack.ts";

let stack: OwnStack;
let gateway: TestNode;
let services: TestNode;
let probes: string;
let shop: Shop;

const plenty = { RATE_LIMIT_PER_MINUTE: "1000000", LOG_LEVEL: process.env.TEST_LOG_LEVEL ?? "info" };
const startServices = async (env: Record<string, string> = {}) => {
  const port = await freePort();
  probes = `http://127.0.0.1:${port}`;
  return startNode({
    services: ["catalog", "booking", "payment"],
    env: { ...stack.env, ...plenty, PROBE_PORT: String(port), PAYMENT_DELAY_MS: "600000", ...env },
  });
};
const query = async (database: string, statement: string): Promise<pg.QueryResult> => {
  const client = new pg.Client({ connectionString: stack.env[database] as string });
  await client.connect();
  return client.query(statement).finally(() => client.end());
};
const isReady = async (url: string) => (await fetch(`${url}/health/ready`)).ok;
const get = async (url: string): Promise<{ data?: unknown; error?: { details: { reasons: string[] } } }> =>
  (await (await fetch(url)).json()) as object;
const hinders = async (url: string) => (await get(`${url}/health/ready`)).error?.details.reasons ?? [];
const health = async () => (await get(`${gateway.url}/health`)).data as ClusterHealth;

before(async () => {
  stack = await ownStack();
});
after(async () => {
  await Promise.all([gateway?.stop(), services?.stop()]);
  await stack.remove();
});

test("a node is alive and not ready until its databases are migrated", async () => {
  const starting = startServices();
  await until(async () => (await fetch(`${probes}/health/live`)).ok, { what: "it to be alive" });
  await until(async () => (await hinders(probes)).length > 0, { what: "it to say that it is not ready" });
  await migrate(stack.env, silent);
  services = await starting;
  gateway = await startNode({ services: ["gateway"], env: { ...stack.env, ...plenty } });
  shop = new Shop(gateway.url);
  await until(() => isReady(probes), { what: "the services to be ready" });
  await until(() => isReady(gateway.url), { what: "the gateway to be ready" });
});

test("/health tells of every node, its dependencies and how far behind its consumers are", async () => {
  assert.equal((await shop.mine("buyer")).status, 200);
  const told = await until(
    async () => {
      const now = await health();
      return now.status === "ok" && now.nodes.flatMap(({ consumers }) => consumers).length > 0 ? now : undefined;
    },
    { what: "all to be well" },
  );
  const checked = compile(CLUSTER_HEALTH)(structuredClone(told));
  assert.ok(checked.ok, JSON.stringify(checked));
  assert.deepEqual(told.nodes.map(({ nodeId }) => nodeId).sort(), [gateway.nodeId, services.nodeId].sort());
  const of = (node: TestNode) => told.nodes.find(({ nodeId }) => nodeId === node.nodeId);
  const dependenciesOf = (node: TestNode) =>
    of(node)
      ?.dependencies.map(({ name, service, state }) => `${name} of ${service} is ${state}`)
      .sort();
  assert.deepEqual(dependenciesOf(gateway), ["issuer of gateway is up", "kafka of null is up"]);
  assert.deepEqual(dependenciesOf(services), [
    "kafka of null is up",
    "postgres of booking is up",
    "postgres of catalog is up",
    "postgres of payment is up",
    "redis of booking is up",
  ]);
  const consumers = of(services)?.consumers ?? [];
  const groups = Map.groupBy(consumers, ({ group, topic }) => `${group} ${topic}`);
  assert.equal(groups.get("eventix.payment.booking-created booking.created")?.length, 6);
  assert.ok(consumers.every(({ lag, stuckOn }) => lag === 0 && stuckOn === null));
});

test("/health is cheap however many ask, and asks databases on one connection each", async () => {
  const answers = await Promise.all(Array.from({ length: 500 }, () => fetch(`${gateway.url}/health`)));
  const told = await Promise.all(answers.map(async (answer) => answer.text()));
  assert.ok(answers.every(({ status }) => status === 200));
  assert.ok(new Set(told).size <= 5, `${new Set(told).size} different answers`);
  const asking = "select from pg_stat_activity where application_name like '%-health'";
  assert.equal((await query("DATABASE_URL_BOOKING", asking)).rowCount, 3);
});

test("a burst of reads and cancels, many times the connections there are, is served by a healthy node", async () => {
  const { id, seatIds } = await shop.putOnSale(90);
  const held = await Promise.all(seatIds.map((seatId) => shop.hold("buyer", id, [seatId])));
  const reads = Array.from({ length: 90 }, () => shop.mine("buyer"));
  const cancels = held.map((booking) => shop.cancel("buyer", booking.id));
  const answers = await Promise.all([...reads, ...cancels]);
  assert.deepEqual([...new Set(answers.map(({ status }) => status))], [200]);
});

test("/health says what a consumer is stuck on, and nothing of our inside", async () => {
  const { id, seatIds } = await shop.putOnSale(1);
  const booking = await shop.hold("buyer", id, seatIds);
  const client = new pg.Client({ connectionString: stack.env.DATABASE_URL_PAYMENT as string });
  await client.connect();
  after(() => client.end());
  await client.query("begin");
  await client.query("lock table payments in access exclusive mode");
  const second = await shop.cancel("buyer", booking.id);
  assert.equal(second.status, 200);
  const stuck = await until(
    async () => {
      const told = await health();
      const found = told.nodes.flatMap(({ consumers }) => consumers).find(({ stuckOn }) => stuckOn !== null);
      return found && { told, found };
    },
    { what: "a consumer to be stuck" },
  );
  assert.equal(stuck.told.status, "degraded");
  const { group, topic, stuckOn } = stuck.found;
  assert.match(group, /^eventix\.payment\./);
  assert.match(topic, /^booking\.(created|cancelled)$/);
  assert.match(String(stuckOn?.factId), /^[0-9a-f-]{36}$/);
  assert.equal(stuckOn?.reason, "lock_timeout: somebody holds the row");
  await client.query("rollback");
  await until(async () => (await health()).status === "ok", { what: "it to go on" });
});

type Request = [method: string, path: string, token?: string, body?: unknown];

/** Every route, with what would be a good request; a hold for an event that the node sells, and one for an unknown one. */
function requests(onSale: { id: string; seatIds: string[] }): Request[] {
  const [id, buyer] = [randomUUID(), tokenFor("buyer")];
  const organizer = tokenFor("organizer", { scopes: ["catalog:write"] });
  const internal = tokenFor("a-service", { scopes: ["internal"] });
  const event = { venueId: id, name: "x", startsAt: "2035-05-01T19:30:00Z", currency: "EUR", prices: { Stalls: 1 } };
  return [
    ["GET", "/api/events"],
    ["GET", `/api/events/${id}`],
    ["GET", `/api/events/${id}/seats`],
    ["GET", `/api/events/${id}/availability`],
    ["POST", "/api/bookings", buyer, { eventId: onSale.id, seatIds: onSale.seatIds }],
    ["POST", "/api/bookings", buyer, { eventId: id, seatIds: [id] }],
    ["GET", "/api/bookings/my", buyer],
    ["GET", `/api/bookings/${id}`, buyer],
    ["GET", `/api/bookings/${id}/payment`, buyer],
    ["POST", `/api/bookings/${id}/cancel`, buyer],
    ["POST", "/api/venues", organizer, largePlan(1)],
    ["POST", "/api/events", organizer, event],
    ["POST", `/api/events/${id}/publish`, organizer],
    ["POST", `/internal/events/${id}/seats/validate`, internal, { seatIds: [id] }],
    ["POST", `/internal/events/${id}/seats/prices`, internal, { seatIds: [id] }],
  ];
}

/** A call's time-out is 6 s: whoever is answered before was refused, and did not wait in vain. */
const QUICK_MS = 5_500;
const REQUESTS = 500;
const GROWTH_MB = 300;

async function allRefused(routes: Request[]): Promise<void> {
  const memory = memoryOf(services) + memoryOf(gateway);
  const answers = await Promise.all(
    Array.from({ length: REQUESTS }, async (_, n) => {
      const [method, path, token, body] = routes[n % routes.length] as Request;
      const began = performance.now();
      const answer = await shop.call(method, path, { ...(token && { token }), ...(body !== undefined && { body }) });
      return { ...answer, what: `${method} ${path}`, ms: Math.round(performance.now() - began) };
    }),
  );
  const odd = answers.filter(
    ({ error, headers, ms }) =>
      error?.code !== "SERVICE_UNAVAILABLE" || headers.get("retry-after") !== "1" || ms > QUICK_MS,
  );
  assert.deepEqual(
    odd.map(({ what, status, error, ms }) => `${what}: ${status} ${error?.code} after ${ms} ms`),
    [],
  );
  const grown = memoryOf(services) + memoryOf(gateway) - memory;
  assert.ok(grown < GROWTH_MB, `${grown} MB more`);
}

/** In MB; 0 where there is no such process. */
function memoryOf({ pid }: TestNode): number {
  try {
    return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) / 1024;
  } catch {
    return 0;
  }
}

/** Both nodes are ready again in time, and sell. */
async function untilBack(): Promise<void> {
  await until(async () => (await isReady(probes)) && (await isReady(gateway.url)), {
    what: "all to be ready",
    ms: 10_000,
  });
  const { id, seatIds } = await shop.putOnSale(1);
  await shop.hold("buyer", id, seatIds);
}

for (const [server, what, away, back] of [
  ["postgres", "stalled", () => stack.stall("postgres"), () => stack.goOn("postgres")],
  ["postgres", "killed", () => stack.kill("postgres"), () => stack.restart()],
  ["kafka", "stalled", () => stack.stall("kafka"), () => stack.goOn("kafka")],
  ["kafka", "killed", () => stack.kill("kafka"), () => stack.restart()],
] as const) {
  describe(`with ${server} ${what}`, () => {
    test("every request is answered 503 and when to come back, before and after the loss is known", async () => {
      const routes = requests(await shop.putOnSale(1));
      await away();
      await allRefused(routes);
      await until(async () => (await hinders(probes)).some((reason) => reason.startsWith(server)), {
        what: "the services to be not ready",
      });
      assert.ok((await fetch(`${probes}/health/live`)).ok);
      assert.equal((await health()).status, "degraded");
      await allRefused(routes);
    });
    test("all goes on within ten seconds of its return, without a restart", async () => {
      await back();
      await untilBack();
    });
  });
}

test("without Redis a node sells and is ready, unless its locks are required", async () => {
  const { id, seatIds } = await shop.putOnSale(2);
  await stack.kill("redis");
  const redis = await until(
    async () => {
      const [found] = (await health()).nodes.flatMap((node) => node.dependencies.filter((d) => d.name === "redis"));
      return found?.state === "down" ? found : undefined;
    },
    { what: "Redis to be missed" },
  );
  assert.deepEqual([redis.required, redis.latencyMs], [false, null]);
  assert.ok(await isReady(probes));
  await shop.hold("buyer", id, seatIds.slice(0, 1));

  const port = await freePort();
  const strict = await startNode({
    services: ["booking"],
    env: { ...stack.env, PROBE_PORT: String(port), SEAT_LOCKS: "required" },
  });
  const url = `http://127.0.0.1:${port}`;
  await until(async () => (await hinders(url)).join() === "redis of booking does not answer", {
    what: "the one reason",
  });
  await stack.restart();
  await until(() => isReady(url), { what: "it to be ready", ms: 10_000 });
  await strict.stop();
});

test("when the only node of a service is killed, every request is answered 503, and the next node takes over", async () => {
  const routes = requests(await shop.putOnSale(1));
  await services.kill("SIGKILL");
  await allRefused(routes);
  assert.match((await hinders(gateway.url)).join(), /no node offers catalog, booking, payment/);
  await allRefused(routes);
  services = await startServices();
  await until(() => isReady(gateway.url), { what: "the gateway to be ready" });
});

test("nodes stop cleanly within ten seconds though neither Kafka nor Postgres answers", async () => {
  await until(() => isReady(probes), { what: "the services to be ready" });
  stack.stall("kafka");
  stack.stall("postgres");
  await Promise.all([gateway.kill("SIGTERM"), services.kill("SIGTERM")]);
  assert.deepEqual([await gateway.ended, await services.ended], ["exit code 0", "exit code 0"]);
});
