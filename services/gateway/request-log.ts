import type { Logger } from "moleculer";
import type { GatewayResponse, IncomingRequest } from "moleculer-web";
import type { NodeMetrics } from "#broker/node-metrics.ts";
import type { CallMeta } from "#contracts/caller.ts";

/** The route a request was matched to, as `/api/events/:id`; what the client typed may hold anything and is not logged. */
export function rememberRoute(res: GatewayResponse, route: string): void {
  res.locals.route = route;
}

/**
 * One line a request, when its answer is out or its client has left. The user is the token's `sub`: what the issuer knows them
 * by, and nothing of who they are (an e-mail address in its place is taken out by the logger).
 */
export function watchRequest(
  { logger, metrics }: { logger: Logger; metrics: NodeMetrics },
  correlationId: string,
  req: IncomingRequest,
  res: GatewayResponse,
): void {
  const began = performance.now();
  res.once("close", () => {
    const ms = performance.now() - began;
    const status = res.writableFinished ? res.statusCode : null;
    const route = (res.locals.route ?? null) as string | null;
    metrics.observeRequest({ route: route ?? "", status: status ?? 0 }, ms / 1_000);
    logger.info(
      {
        method: req.method,
        route,
        status,
        ms: Math.round(ms * 10) / 10,
        user: (req.$ctx?.meta as CallMeta | undefined)?.user?.id ?? null,
        correlationId,
      },
      "request",
    );
  });
}
