import type { ActionHandler, ActionSchema, Context, Middleware, ServiceBroker, Transit } from "moleculer";
import type { Access, CallMeta } from "#contracts/caller.ts";
import { EventixError } from "#contracts/errors.ts";

/**
 * Enforces each action's `access` on the node that runs it, before its parameters are looked at, so that a caller without
 * rights learns nothing of them. Actions with visibility "private" are not on the bus and are left alone.
 *
 * Throws UNAUTHORIZED without a user, FORBIDDEN without the scope. Owners and organizers are checked by the actions.
 */
export function AccessMiddleware(): Middleware {
  return {
    name: "Access",
    localAction(this: ServiceBroker, next: ActionHandler, action: ActionSchema): ActionHandler {
      if (action.visibility === "private") return next;
      const access = accessOf(action);
      const isInternal = action.name?.startsWith("$") === true;
      const { nodeID } = this;
      // async: Moleculer's broker.call would throw what a handler throws at once, instead of rejecting.
      return async function (this: unknown, ctx: Context) {
        // Moleculer's own $node actions serve this node's REPL; other nodes need a scope for them.
        const isFromHere = isInternal && ctx.nodeID === nodeID;
        if (!isFromHere && action.name === OPTIONS) throw new EventixError("FORBIDDEN");
        if (!isFromHere) assertAllowed(access, ctx.meta as CallMeta);
        return next.call(this as never, ctx as never);
      } as ActionHandler;
    },
    /** A node never sends itself a packet of a call: who says so wants to be taken for it, and be told what others are not. */
    transitMessageHandler(this: Transit, next: Receive): Receive {
      return (type, packet) => {
        const isForged = OF_CALLS.has(type) && packet?.payload?.sender === this.broker.nodeID;
        return isForged ? Promise.resolve(false) : next(type, packet);
      };
    },
  } as unknown as Middleware;
}

type Receive = (type: string, packet?: { payload?: { sender?: unknown } }) => Promise<boolean>;
const OF_CALLS: ReadonlySet<string> = new Set(["REQ", "RES", "EVENT"]);

/** Answers with all that the broker's options lead to: by the transporter the services, and their databases with passwords. */
const OPTIONS = "$node.options";

function accessOf(action: ActionSchema): Access {
  if (action.name?.startsWith("$")) return "ops:read";
  return (action as { access?: Access }).access ?? "user";
}

/** Refuses a caller that may not do what `access` guards; the scope "internal" opens everything. */
export function assertAllowed(access: Access, { user }: CallMeta): void {
  if (access === "anyone" || access === "signed") return;
  if (!user?.id) throw new EventixError("UNAUTHORIZED");
  if (access === "user") return;
  const scopes = user.scopes ?? [];
  if (!scopes.includes(access) && !scopes.includes("internal")) throw new EventixError("FORBIDDEN");
}
