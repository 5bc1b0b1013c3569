import type { IncomingMessage, ServerResponse } from "node:http";
import { assertAllowed } from "#broker/middlewares/access.middleware.ts";
import type { Access, Caller } from "#contracts/caller.ts";
import { EventixError } from "#contracts/errors.ts";
import type { Authenticator } from "./auth.ts";
import type { RateLimiter } from "./rate-limit.ts";

export interface Gatekeepers {
  authenticator: Authenticator;
  limiter: RateLimiter;
}

/**
 * Lets a request in or throws UNAUTHORIZED, RATE_LIMITED or FORBIDDEN. Comes before the body is read, so that nobody
 * without a token can make the gateway take in 40 MB, and a request with a broken body is counted too.
 * Returns nobody for what anyone may ask: a token is not looked at there.
 */
export async function admit(
  { authenticator, limiter }: Gatekeepers,
  access: Access,
  req: IncomingMessage,
  res: ServerResponse,
): Promise<Caller | undefined> {
  if (access === "anyone") return undefined;
  res.setHeader("cache-control", "no-store");
  const caller = await authenticator.callerOf(req.headers.authorization);
  const { allowed, headers, retryAfterSeconds } = limiter.take(caller.id);
  for (const [name, value] of Object.entries(headers)) res.setHeader(name, value);
  if (!allowed) {
    res.setHeader("retry-after", retryAfterSeconds);
    throw new EventixError("RATE_LIMITED");
  }
  // The node that runs the action checks again; asked here, a refusal costs no body and no call.
  assertAllowed(access, { user: caller });
  return caller;
}
