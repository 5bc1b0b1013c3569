import type { IncomingMessage, ServerResponse } from "node:http";
import { assertAllowed } from "#broker/middlewares/access.middleware.ts";
import type { Access, Caller } from "#contracts/caller.ts";
import { type ErrorCode, EventixError, errorCodeOf } from "#contracts/errors.ts";
import type { Authenticator } from "./auth.ts";
import type { ClientAddresses } from "./client-address.ts";
import type { RateLimiter, Taken } from "./rate-limit.ts";

export interface Gatekeepers {
  authenticator: Authenticator;
  addresses: ClientAddresses;
  limits: { user: RateLimiter; address: RateLimiter; failedLogins: RateLimiter };
}

/**
 * Lets a request in or throws UNAUTHORIZED, RATE_LIMITED, TOO_MANY_FAILED_LOGINS or FORBIDDEN. Comes before the body is read,
 * so that nobody without a token can make the gateway take in 40 MB, and a request with a broken body is counted too.
 *
 * A request counts once: for its user; where it needs or brings no token for its address; with a bad token as a failed login;
 * with a signature only when that is bad (countForgery).
 * Returns nobody for what anyone may ask: a token is not looked at there.
 */
export async function admit(
  gatekeepers: Gatekeepers,
  access: Access,
  req: IncomingMessage,
  res: ServerResponse,
): Promise<Caller | undefined> {
  const { limits, addresses } = gatekeepers;
  if (access === "anyone") {
    pass(res, limits.address.take(addresses.of(req)), "RATE_LIMITED");
    return undefined;
  }
  if (access === "signed") {
    pass(res, limits.address.look(addresses.of(req)), "RATE_LIMITED");
    return undefined;
  }
  res.setHeader("cache-control", "no-store");
  const { authorization } = req.headers;
  if (authorization === undefined) {
    pass(res, limits.address.take(addresses.of(req)), "RATE_LIMITED");
    throw new EventixError("UNAUTHORIZED");
  }
  const caller = gatekeepers.authenticator.recall(authorization) ?? (await logIn(gatekeepers, authorization, req, res));
  pass(res, limits.user.take(caller.id), "RATE_LIMITED");
  // The node that runs the action checks again; asked here, a refusal costs no body and no call.
  assertAllowed(access, { user: caller });
  return caller;
}

const FORGERIES: ReadonlySet<ErrorCode> = new Set(["SIGNATURE_INVALID", "SIGNATURE_STALE"]);

/**
 * Counts what its signature did not let in, for its address. What is signed well is not counted: a provider tells thousands of
 * results a minute from one address.
 */
export function countForgery(
  { limits, addresses }: Gatekeepers,
  error: unknown,
  req: IncomingMessage,
  res: ServerResponse,
) {
  if (FORGERIES.has(errorCodeOf(error))) tell(res, limits.address.take(addresses.of(req)));
}

/**
 * The caller of a token that was not seen before. An address that sent too many bad ones is not listened to for a while;
 * tokens that are known to be good still pass, since users behind one address must not be able to lock each other out.
 */
async function logIn(
  { authenticator, addresses, limits }: Gatekeepers,
  authorization: string,
  req: IncomingMessage,
  res: ServerResponse,
): Promise<Caller> {
  const address = addresses.of(req);
  const before = limits.failedLogins.look(address);
  if (!before.allowed) pass(res, before, "TOO_MANY_FAILED_LOGINS");
  try {
    return await authenticator.callerOf(authorization);
  } catch (error) {
    if (errorCodeOf(error) === "UNAUTHORIZED") tell(res, limits.failedLogins.take(address));
    throw error;
  }
}

function pass(res: ServerResponse, taken: Taken, refusal: ErrorCode): void {
  tell(res, taken);
  if (taken.allowed) return;
  res.setHeader("retry-after", taken.retryAfterSeconds);
  throw new EventixError(refusal);
}

function tell(res: ServerResponse, { headers }: Taken): void {
  for (const [name, value] of Object.entries(headers)) res.setHeader(name, value);
}
