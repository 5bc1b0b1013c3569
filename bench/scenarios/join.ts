import { setTimeout as sleep } from "node:timers/promises";
import { ServiceBroker } from "moleculer";
import { brokerOptions } from "#broker/broker.options.ts";
import { readConfig } from "#config";
import { type Cluster, openCluster } from "../cluster.ts";
import { openSale, sell } from "../sale.ts";
import { type Effort, type Figure, repeated, type Scenario } from "../scenario.ts";
import { until } from "../until.ts";
import type { World } from "../world.ts";

const BESIDE = [1, 4] as const;
const EVENTS = 50;
const SEATS = 4_000;
const PATIENCE_MS = 30_000;
/** A load is at its height by then. */
const RISE_MS = 1_000;

/** How long one waits for what one more node adds: from the start of its process until it has answered a call. */
export const join: Scenario = {
  name: "join",
  what: "a booking node joins a gateway and 1 or 4 booking nodes: while nobody buys, and with 256 bookings in flight",
  async run(world: World, effort: Effort): Promise<Figure[]> {
    const observer = await observe(world);
    const figures: Figure[] = [];
    for (const count of BESIDE) {
      const cluster = await openCluster(world, effort, count);
      const measured = await repeated(effort, () => measure(world, effort, cluster, observer));
      await cluster.stop();
      const beside = `beside ${count} booking node${count === 1 ? "" : "s"}`;
      figures.push({ what: `serves, ${beside} at rest`, unit: "s", values: measured.atRest, bar: { atMost: 3 } });
      figures.push({ what: `serves, ${beside} at full load`, unit: "s", values: measured.loaded, bar: { atMost: 3 } });
    }
    await observer.stop();
    return figures;
  },
};

async function measure(world: World, { scale }: Effort, cluster: Cluster, observer: ServiceBroker) {
  const events = await openSale(world, cluster, EVENTS, Math.ceil(SEATS * scale));
  const eventId = events[0]?.id as string;
  const atRest = await joined(world, observer, eventId);
  const end = new AbortController();
  const load = { pace: { closed: 256 }, seconds: PATIENCE_MS / 1_000, end: end.signal };
  const joinedUnderLoad = async () => {
    await sleep(RISE_MS);
    return joined(world, observer, eventId).finally(() => end.abort());
  };
  const [loaded] = await Promise.all([joinedUnderLoad(), sell(world, cluster, events, load)]);
  return { atRest, loaded };
}

let joining = 0;

/** Seconds until a new node, asked by name, has answered for an event. */
async function joined(world: World, observer: ServiceBroker, eventId: string): Promise<number> {
  const nodeID = `joins-${++joining}`;
  const answers = () =>
    observer.call("booking.availability", { eventId, as: "bits" }, { nodeID }).then(
      () => true,
      () => false,
    );
  const began = performance.now();
  const answered = async () => {
    await until(answers, `${nodeID} has not answered`, PATIENCE_MS);
    return (performance.now() - began) / 1_000;
  };
  const [seconds, node] = await Promise.all([answered(), world.node("booking", { NODE_ID: nodeID })]);
  await node.stop();
  return seconds;
}

/** A node without services, that sees what every node sees. */
async function observe(world: World): Promise<ServiceBroker> {
  const config = readConfig(world.nodeEnvironment({ NODE_ID: "observer", LOG_LEVEL: "fatal" }));
  const observer = new ServiceBroker(brokerOptions(config));
  await observer.start();
  return observer;
}
