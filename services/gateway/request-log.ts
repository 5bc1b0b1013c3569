import type { Logger } from "moleculer";
import type { GatewayResponse, IncomingRequest } from "moleculer-web";
import type { CallMeta } from "#contracts/caller.ts";

/** The route a request was matched to, as `/api/events/:id`; what the client typed may hold anything and is not logged. */
export function rememberRoute(res: GatewayResponse, route: string): void {
  res.locals.route = route;
}

/**
 * One line a request, when its answer is out or its client has left. The user is the token's `sub`: what the issuer knows them
 * by, and nothing of who they are (an e-mail address in its place is taken out by the logger).
 */
export function watchRequest(logger: Logger, correlationId: string, req: IncomingRequest, res: GatewayResponse): void {
  const began = performance.now();
  res.once("close", () => {
    logger.info(
      {
        method: req.method,
        route: res.locals.route ?? null,
        status: res.writableFinished ? res.statusCode : null,
        ms: Math.round((performance.now() - began) * 10) / 10,
        user: (req.$ctx?.meta as CallMeta | undefined)?.user?.id ?? null,
        correlationId,
      },
      "request",
    );
  });
}
