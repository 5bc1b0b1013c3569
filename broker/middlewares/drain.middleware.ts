import type { ActionHandler, ActionSchema, Middleware, Service, ServiceBroker } from "moleculer";
import { EventixError } from "#contracts/errors.ts";

type Draining = Service & { drain?: () => Promise<void> };

/**
 * The order in which a node stops. First every service that has a method `drain` ends what came from outside, while all of
 * them still run; then each takes no more calls, ends those under way (Moleculer's ContextTracker) and stops.
 */
export function DrainMiddleware(): Middleware {
  const stopping = new WeakSet<object>();
  return {
    name: "Drain",
    async stopping({ services }: ServiceBroker) {
      await Promise.all(services.map((service) => (service as Draining).drain?.()));
    },
    serviceStopping(service: Service) {
      stopping.add(service);
    },
    /** Nodes that have not heard yet that this one stops still call it. */
    localAction(next: ActionHandler, { service }: ActionSchema): ActionHandler {
      return async function (this: unknown, ctx) {
        if (service && stopping.has(service)) throw new EventixError("SERVICE_UNAVAILABLE");
        return next.call(this as never, ctx);
      };
    },
  } as unknown as Middleware;
}
