import type { ServerResponse } from "node:http";
import type { Page } from "#contracts/booking.ts";
import type { CallMeta } from "#contracts/caller.ts";
import type { Endpoint } from "./routes.ts";

export const JSON_TYPE = "application/json; charset=utf-8";

export interface Success {
  success: true;
  data: unknown;
  meta?: { limit: number; nextCursor: string | null };
}

export function sendJson(res: ServerResponse, status: number, body: object): void {
  // As text: Node then sends head and body in one write.
  const content = JSON.stringify(body);
  res.statusCode = status;
  res.setHeader("content-type", JSON_TYPE);
  // Said, and not left to Node, which leaves it out of the answer to a HEAD.
  res.setHeader("content-length", Buffer.byteLength(content));
  res.end(content);
}

/** The body of a successful answer; sets its headers. */
export function successOf(endpoint: Endpoint, data: unknown, meta: CallMeta, res: ServerResponse): Success {
  if (endpoint.paged) {
    const { items, limit, nextCursor } = data as Page<unknown>;
    return { success: true, data: items, meta: { limit, nextCursor } };
  }
  if (endpoint.location) res.setHeader("location", `${endpoint.location}/${(data as { id: string }).id}`);
  if (meta.idempotencyReplayed) res.setHeader("idempotency-replayed", "true");
  return { success: true, data };
}
