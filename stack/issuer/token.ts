import jwt from "jsonwebtoken";
import { StackError } from "../stack-error.ts";
import { hasIssuerKey, issuerKey } from "./keys.ts";

/** A name and not the address of the issuer's process, so that tokens outlive a change of its port. */
export const LOCAL_ISSUER = "https://issuer.eventix.localhost/";
export const LOCAL_AUDIENCE = "eventix";

interface TokenWish {
  scopes?: readonly string[];
  /** `org_id`: whose venues and events the bearer may manage; their own (`sub`) when absent. */
  organizer?: string | undefined;
  /** Seconds, or a span like `1h`. */
  expires?: string | number;
}

/** A signed token for `name`, as the local issuer of this home would give it. */
export function signToken(
  home: string,
  name: string,
  { scopes = [], organizer, expires = "1h" }: TokenWish = {},
): string {
  if (!hasIssuerKey(home)) {
    throw new StackError(
      `No local issuer has run in ${home}: npx eventix up (with AUTH_JWKS_URI set, ask that issuer).`,
    );
  }
  const { privateKey, kid } = issuerKey(home);
  const claims = {
    ...(scopes.length > 0 && { scope: scopes.join(" ") }),
    ...(organizer !== undefined && { org_id: organizer }),
  };
  return jwt.sign(claims, privateKey, {
    algorithm: "RS256",
    keyid: kid,
    issuer: LOCAL_ISSUER,
    audience: LOCAL_AUDIENCE,
    subject: name,
    expiresIn: expires as `${number}h`,
  });
}
