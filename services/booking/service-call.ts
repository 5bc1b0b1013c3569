import type { ServiceBroker } from "moleculer";
import { config } from "#config";
import { serviceCaller } from "#contracts/caller.ts";

/** Calls another service's action as booking itself; rejects with its error, or with a retryable one when it is away. */
export type ServiceCall = <T>(action: string, params: object) => Promise<T>;

/** A broker's calls in booking's own name, answered before a buyer who waits for them gives up. */
export function serviceCall(broker: ServiceBroker): ServiceCall {
  const options = { meta: { user: serviceCaller("booking") }, timeout: config.timeouts.holdDeadlineMs };
  return (action, params) => broker.call(action, params, options);
}
