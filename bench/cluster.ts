import { BUYERS, type Sale, warmUp } from "./sale.ts";
import type { Effort } from "./scenario.ts";
import { until } from "./until.ts";
import type { BenchNode, World } from "./world.ts";

/** A sale whose gateway and booking nodes are processes of their own, which speak over Kafka. */
export interface Cluster extends Sale {
  booking: BenchNode[];
  stop(): Promise<void>;
}

/** Warm: of more nodes each gets less of a load, so that they sell for so many times as long before. */
export async function openCluster(world: World, effort: Effort, bookingNodes: number): Promise<Cluster> {
  const starting = ["gateway", ...Array<string>(bookingNodes).fill("booking")].map((services) => world.node(services));
  const [node, ...booking] = (await Promise.all(starting)) as [BenchNode, ...BenchNode[]];
  const sale = { node, tokens: world.tokens(BUYERS) };
  await untilServed(sale);
  await warmUp(world, effort, sale, Math.ceil(3 * bookingNodes * effort.scale));
  const stop = async () => {
    await Promise.all([node, ...booking].map((one) => one.stop()));
  };
  return { ...sale, booking, stop };
}

const SERVED_MS = 30_000;

/** A gateway that was ready before the booking nodes hears of them a moment later. */
function untilServed({ node, tokens }: Sale): Promise<void> {
  const headers = { authorization: `Bearer ${tokens[0]}` };
  const isServed = async () => {
    const response = await fetch(`http://127.0.0.1:${node.port}/api/bookings/my?limit=1`, { headers });
    await response.text();
    return response.status === 200;
  };
  return until(isServed, "the gateway hears of no booking node", SERVED_MS);
}
