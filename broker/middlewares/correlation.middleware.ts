import type { Context, Middleware } from "moleculer";
import { newId } from "#contracts/id.ts";
import { currentCorrelation, withCorrelation } from "../correlation.ts";

type Handler = (ctx: Context, ...rest: unknown[]) => unknown;
type Call = (action: string, params?: unknown, opts?: Record<string, unknown>) => unknown;

/**
 * One correlation id from the request that began it all to its last call: every action and event runs under its
 * ctx.requestID, and calls made outside of a context take the id of the work they belong to.
 */
export function CorrelationMiddleware(): Middleware {
  return {
    name: "Correlation",
    localAction: underRequestId,
    localEvent: underRequestId,
    call: inheriting,
    emit: inheriting,
    broadcast: inheriting,
  } as unknown as Middleware;
}

function underRequestId(next: Handler): Handler {
  return (ctx, ...rest) => {
    ctx.requestID ??= newId();
    return withCorrelation(ctx.requestID, () => next(ctx, ...rest));
  };
}

function inheriting(next: Call): Call {
  return (name, payload, opts) => {
    const requestID = currentCorrelation();
    const isSet = opts?.parentCtx !== undefined || opts?.requestID !== undefined;
    return requestID === undefined || isSet ? next(name, payload, opts) : next(name, payload, { ...opts, requestID });
  };
}
