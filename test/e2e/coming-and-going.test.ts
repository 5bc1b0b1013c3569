import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { ServiceBroker } from "moleculer";
import { brokerOptions } from "#broker/broker.options.ts";
import { readConfig } from "#config";
import { untilServed } from "../broker/support/cluster.ts";
import { startNode, type TestNode, untilReachable } from "../support/node.ts";
import { until } from "../support/until.ts";
import { Shop } from "./support/shop.ts";

const EVENTS = 12;
const SEATS = 400;
const env = { RATE_LIMIT_PER_MINUTE: "1000000", PAYMENT_SUCCESS_RATE: "1" };
/** Far above what is promised (3 s to serve, 5 s to be missed): the machine may be busy, and the times are told. */
const SOON_MS = 30_000;

let front: TestNode;
let stays: TestNode;
let shop: Shop;
let shows: { id: string; seatIds: string[] }[];
/** A node without services, that sees what every node sees. */
let observer: ServiceBroker;

before(async () => {
  [front, stays] = await Promise.all([
    startNode({ services: ["gateway", "catalog", "payment"], env }),
    startNode({ services: ["booking"], env }),
  ]);
  observer = new ServiceBroker(
    brokerOptions(
      readConfig({ ...process.env, NAMESPACE: `test-${process.pid}`, NODE_ID: "observer", LOG_LEVEL: "fatal" }),
    ),
  );
  await observer.start();
  await untilReachable(front);
  shop = new Shop(front.url);
  shows = await Promise.all(Array.from({ length: EVENTS }, () => shop.putOnSale(SEATS)));
});
after(async () => {
  await observer.stop();
  await Promise.all([front.stop(), stays.stop()]);
});

let buyers = 0;

/** Buyers at 16 doors, seat after seat of all events in turn, until told to stop; each asks once. How often each status came. */
function load() {
  const told: Record<number, number> = {};
  let isOver = false;
  const door = async () => {
    while (!isOver) {
      const n = buyers++;
      const { id, seatIds } = shows[n % EVENTS] as (typeof shows)[number];
      const seatId = seatIds[Math.floor(n / EVENTS) % SEATS] as string;
      const { status } = await shop.book(`buyer-${n}`, id, [seatId]);
      told[status] = (told[status] ?? 0) + 1;
    }
  };
  const doors = Promise.all(Array.from({ length: 16 }, door));
  return {
    /** Resolves when so many more have been answered. */
    more: (count: number) => {
      const sum = () => Object.values(told).reduce((a, b) => a + b, 0);
      const goal = sum() + count;
      return until(() => sum() >= goal, { what: `${count} more answers`, ms: 60_000 });
    },
    async end(): Promise<string[]> {
      isOver = true;
      await doors;
      return Object.keys(told).sort();
    },
  };
}

const seconds = (since: number) => `${((performance.now() - since) / 1_000).toFixed(1)} s`;

/** Until a node has answered for an event. */
const untilAnswers = (nodeId: string) =>
  until(() => observer.call("booking.availability", { eventId: shows[0]?.id, as: "bits" }, { nodeID: nodeId }), {
    what: `${nodeId} to answer`,
    ms: SOON_MS,
  });

test("a node that joins serves, and one that leaves lets every buyer be answered", async (t) => {
  const buying = load();
  await buying.more(50);
  const began = performance.now();
  const nodeId = "joins";
  const starting = startNode({ services: ["booking"], env: { ...env, NODE_ID: nodeId } });
  await untilAnswers(nodeId);
  t.diagnostic(`a new node serves ${seconds(began)} after its process was started`);
  const joined = await starting;
  await buying.more(200);
  const leaving = performance.now();
  await joined.stop();
  t.diagnostic(`it leaves in ${seconds(leaving)}`);
  await untilServed(observer, "booking.create", [stays.nodeId]);
  await buying.more(100);
  assert.match(await joined.ended, /exit code 0/);
  assert.deepEqual(
    (await buying.end()).filter((status) => status !== "201" && status !== "409"),
    [],
    "whoever asked was answered",
  );
});

test("a node that is killed is missed, and its buyers are answered by another", async (t) => {
  const killed = await startNode({ services: ["booking"], env: { ...env, NODE_ID: "killed" } });
  await untilServed(observer, "booking.create", [stays.nodeId, "killed"]);
  const buying = load();
  await buying.more(100);
  await killed.kill("SIGKILL");
  const began = performance.now();
  await untilServed(observer, "booking.create", [stays.nodeId]);
  t.diagnostic(`a killed node is missed after ${seconds(began)}`);
  await buying.more(100);
  assert.deepEqual(
    (await buying.end()).filter((status) => status !== "201" && status !== "409"),
    [],
    "whoever asked was answered",
  );
});
