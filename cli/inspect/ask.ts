import type { ServiceBroker } from "moleculer";
import type { Caller } from "#contracts/caller.ts";
import type { ErrorCode } from "#contracts/errors.ts";
import { StackError } from "#stack/stack-error.ts";

export interface AskOptions {
  timeoutMs?: number;
  /** Asks this node and no other. */
  nodeID?: string;
  /** What refusals mean here, in the words for whoever asked. */
  refusals?: Partial<Record<ErrorCode, string>>;
}

/** Calls an action as the operator. Throws AskError. */
export type Ask = <T>(action: string, params: object, options?: AskOptions) => Promise<T>;

/** An action was refused or not answered, and what that means for whoever asked. */
export class AskError extends StackError {
  override name = "AskError";
  /** Of contracts/errors.ts, or Moleculer's. */
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

export const noNodeOffers = (service: string): string => `No node offers ${service}: start one with npm start`;

export const noEvent = (id: string): string =>
  `There is no published event ${id}: GET /api/events of the gateway lists those there are`;

export function asking(broker: ServiceBroker, caller: Caller): Ask {
  return async <T>(action: string, params: object, { timeoutMs, nodeID, refusals = {} }: AskOptions = {}) => {
    try {
      return await broker.call<T, object>(action, params, {
        ...(timeoutMs !== undefined && { timeout: timeoutMs }),
        ...(nodeID !== undefined && { nodeID }),
      });
    } catch (error) {
      const { type = "", message } = error as { type?: string; message: string };
      throw new AskError(type, refusals[type as ErrorCode] ?? sentence(type, message, action, caller));
    }
  };
}

function sentence(type: string, message: string, action: string, caller: Caller): string {
  const service = action.slice(0, action.indexOf("."));
  switch (type) {
    case "SERVICE_NOT_FOUND":
    case "SERVICE_NOT_AVAILABLE":
      return noNodeOffers(service);
    case "REQUEST_TIMEOUT":
      return `${service} did not answer in time: its node hangs or has just gone. Ask again, or look at its log`;
    case "REQUEST_REJECTED":
      return `The node of ${service} left the cluster before it answered: ask again`;
    case "FORBIDDEN":
      return `${caller.id} may not call ${action}: it has the scopes ${caller.scopes.join(", ") || "(none)"}`;
    case "SERVICE_UNAVAILABLE":
      return `${service} cannot answer now, its database or Kafka is away: ask again, or look at its log`;
    default:
      return `${action} failed: ${message}`;
  }
}
