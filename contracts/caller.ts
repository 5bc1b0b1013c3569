import type { Context } from "moleculer";
import { EventixError } from "./errors.ts";

export type Scope = "catalog:write" | "internal" | "ops:read" | "ops:write";

/** Who calls: put into `ctx.meta.user` by the gateway from a verified token, or by a service that acts by itself. */
export interface Caller {
  /** The token's `sub`, or `eventix/<service>`. */
  id: string;
  /** The token's `org_id`, else its `sub`: whose venues and events these are. */
  organizer: string;
  scopes: readonly string[];
}

export interface CallMeta {
  user?: Caller;
  /** The booking's id (uuid v7), set before the first attempt so that a repeat finds what the first one did. */
  bookingId?: string;
  /** Epoch ms after which nobody waits for the answer any more. */
  deadline?: number;
  /** This call may have been made before: it is never refused from memory. */
  repeat?: boolean;
  idempotencyKey?: string;
  /** Set by the callee: the answer is the one kept under the Idempotency-Key. */
  idempotencyReplayed?: boolean;
}

export type Call<P = object> = Context<P, CallMeta & object>;

/**
 * Who may call an action: `anyone`, any `user` with a token, holders of a scope, or whoever sends what is `signed`, which the
 * action itself checks. An action that says nothing needs a user.
 * Enforced on the node that runs the action (access.middleware.ts).
 */
export type Access = "anyone" | "user" | "signed" | Scope;

export const serviceCaller = (service: string): Caller => ({
  id: `eventix/${service}`,
  organizer: "eventix",
  scopes: ["internal"],
});

/** The caller of an action that needs one. */
export function callerOf(ctx: { meta: CallMeta }): Caller {
  if (!ctx.meta.user) throw new EventixError("UNAUTHORIZED");
  return ctx.meta.user;
}
