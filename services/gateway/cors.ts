import type { IncomingMessage, ServerResponse } from "node:http";

const EXPOSED = [
  "etag",
  "idempotency-replayed",
  "location",
  "retry-after",
  "x-correlation-id",
  "x-ratelimit-limit",
  "x-ratelimit-remaining",
  "x-ratelimit-reset",
  "x-seat-count",
].join(", ");

const PREFLIGHT = {
  "access-control-allow-methods": "GET, POST",
  "access-control-allow-headers": "authorization, content-type, idempotency-key, x-correlation-id",
  "access-control-max-age": "600",
} as const;

/**
 * Lets pages of the configured origins read answers, and no others: those get the same answer without the headers, and
 * their browser keeps it from them. moleculer-web's own check takes any part of an allowed origin for the whole, and
 * refuses a page of our own origin that sends a POST.
 */
export function allowOrigin(origins: readonly string[], req: IncomingMessage, res: ServerResponse): void {
  if (origins.length === 0) return;
  res.setHeader("vary", "Origin");
  const { origin } = req.headers;
  if (!origin || !origins.includes(origin)) return;
  res.setHeader("access-control-allow-origin", origin);
  res.setHeader("access-control-expose-headers", EXPOSED);
  if (req.method !== "OPTIONS") return;
  for (const [name, value] of Object.entries(PREFLIGHT)) res.setHeader(name, value);
}
