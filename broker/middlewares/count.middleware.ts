import type { ActionHandler, ActionSchema, Middleware, ServiceBroker } from "moleculer";
import { healthOf, isWatching } from "../node-health.ts";

/** Counts the calls that reach a node's services: how busy it is, for whoever watches it. */
export function CountMiddleware(): Middleware {
  return {
    name: "Count",
    localAction(this: ServiceBroker, next: ActionHandler, action: ActionSchema): ActionHandler {
      if (isWatching(action)) return next;
      const board = healthOf(this);
      return function (this: unknown, ctx) {
        board.calls++;
        return next.call(this as never, ctx);
      } as ActionHandler;
    },
  } as unknown as Middleware;
}
