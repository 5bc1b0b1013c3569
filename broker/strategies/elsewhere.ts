import type { Context, Endpoint, ServiceBroker } from "moleculer";

/** An option of calls that are made again: not to this node, where another offers the action. */
export interface Elsewhere {
  notOn?: string | undefined;
}

/** The endpoints of a call without those that it is not to go to; all of them when no other is left. */
export function elsewhere(list: Endpoint[], ctx?: Context): Endpoint[] {
  const { notOn } = (ctx?.options ?? {}) as Elsewhere;
  if (notOn === undefined) return list;
  const others = list.filter(({ id }) => id !== notOn);
  return others.length > 0 ? others : list;
}

/** Whether a node other than this one offers an action now. */
export const isOfferedElsewhere = ({ registry }: ServiceBroker, action: string, nodeId: string): boolean =>
  registry.getActionEndpoints(action)?.endpoints.some(({ id, isAvailable }) => isAvailable && id !== nodeId) ?? false;
