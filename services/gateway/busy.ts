import type { IncomingMessage, ServerResponse } from "node:http";
import type { Logger } from "moleculer";
import type { NodeMetrics } from "#broker/node-metrics.ts";
import { config } from "#config";
import { EventixError } from "#contracts/errors.ts";
import { CORRELATION_HEADER, correlationIdFrom } from "./correlation.ts";
import { allowOrigin } from "./cors.ts";
import { httpErrorOf } from "./http-errors.ts";
import { JSON_TYPE } from "./success.ts";

const { status, headers, body } = httpErrorOf(new EventixError("SERVICE_UNAVAILABLE"), "");
const CONTENT = JSON.stringify(body);
const HEADERS = {
  ...headers,
  "x-content-type-options": "nosniff",
  "cache-control": "no-store",
  "content-type": JSON_TYPE,
  "content-length": Buffer.byteLength(CONTENT),
};

/** Whoever watches the node is answered however busy it is. */
export const isProbe = ({ url }: IncomingMessage): boolean => url?.startsWith("/health") ?? false;

/**
 * Answers 503 with Retry-After before anything is read or looked up: a flood is only survived if its refusals cost a small part
 * of what answers do. Logged and counted like every request, but that its route is not known.
 */
export function refuseBusy(
  { logger, metrics }: { logger: Logger; metrics: NodeMetrics },
  req: IncomingMessage,
  res: ServerResponse,
): void {
  const correlationId = correlationIdFrom(req.headers[CORRELATION_HEADER]);
  allowOrigin(config.corsOrigins, req, res);
  res.writeHead(status, { ...HEADERS, [CORRELATION_HEADER]: correlationId }).end(CONTENT);
  metrics.observeRequest({ route: "", status }, 0);
  logger.info({ method: req.method, route: null, status, ms: 0, user: null, correlationId }, "request");
}
