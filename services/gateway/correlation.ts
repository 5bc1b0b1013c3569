import { randomUUID } from "node:crypto";

export const CORRELATION_HEADER = "x-correlation-id";

const USABLE = /^[A-Za-z0-9._-]{1,64}$/;

/** The client's own id if it is short and plain enough for logs, headers and facts; else a new one. */
export function correlationIdFrom(header: string | string[] | undefined): string {
  return typeof header === "string" && USABLE.test(header) ? header : randomUUID();
}
