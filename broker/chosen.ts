import type { ServiceBroker } from "moleculer";
import { highest } from "./strategies/by-event.strategy.ts";

/**
 * Whether this node is the chosen one of all that offer an action, as far as it knows: the same on every node that knows the same
 * ones, and another for another action. While nodes come and go two may be chosen for some seconds, or none; of nodes that do not
 * know of each other each is.
 */
export function isChosen({ registry, nodeID }: ServiceBroker, action: string): boolean {
  const offered = registry.getActionEndpoints(action)?.endpoints.filter(({ isAvailable }) => isAvailable) ?? [];
  return offered.length === 0 || highest(offered, action).id === nodeID;
}
