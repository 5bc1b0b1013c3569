import type { NodeHealth } from "#contracts/health.ts";
import { StackError } from "#stack/stack-error.ts";
import { AskError, noNodeOffers } from "../inspect/ask.ts";
import type { Cluster } from "../inspect/cluster.ts";
import { inspectionCommand } from "../inspect/command.ts";
import type { Inspection } from "../inspect/inspection.ts";
import { lagText } from "../inspect/lag-text.ts";

/** A node tells what it knows; one that takes longer does not answer. */
const HEALTH_MS = 3_000;
/** Without them facts wait of which no node tells. */
const CONSUMING = ["booking", "payment"];

export const lag: Inspection = {
  name: "lag",
  description: "Show what consumers have not applied.",
  arguments: [],
  services: [],
  async run(cluster) {
    const healthActions = await healthActionByNode(cluster);
    const nodes: NodeHealth[] = [];
    const silent: Record<string, string> = {};
    const asked = [...healthActions].map(async ([nodeID, action]) => {
      try {
        nodes.push(await cluster.ask<NodeHealth>(action, {}, { nodeID, timeoutMs: HEALTH_MS }));
      } catch (error) {
        if (!(error instanceof AskError) || error.code === "FORBIDDEN") throw error;
        silent[nodeID] = error.message;
      }
    });
    await Promise.all(asked);
    const absent = CONSUMING.filter((service) => !cluster.offers(service)).map(noNodeOffers);
    return { json: { nodes, silent, absent }, text: lagText(nodes, [...Object.values(silent), ...absent], new Date()) };
  },
};

/** Moleculer's types leave out what `withActions` asks for. */
type WithActions = { actions?: Record<string, unknown> };

export const lagCommand = () => inspectionCommand(lag);

/** One action a node that tells the health of all of it. Throws StackError when there is no node. */
async function healthActionByNode({ broker, untilOffered }: Cluster): Promise<Map<string, string>> {
  await untilOffered(CONSUMING).catch(() => {});
  const services = broker.registry.getServiceList({ onlyAvailable: true, skipInternal: true, withActions: true });
  const telling = services.filter((service) => `${service.name}.health` in ((service as WithActions).actions ?? {}));
  if (telling.length === 0) throw new StackError("No node of Eventix is in the cluster: npm start");
  return new Map(telling.map(({ nodeID, name }) => [nodeID as string, `${name}.health`]));
}
