import assert from "node:assert/strict";
import { test } from "node:test";
import jwt from "jsonwebtoken";
import { JwksClient } from "jwks-rsa";
import { tokenFor } from "../support/token.ts";

test("a token is signed with a key that the issuer publishes, and says whose it is, for whom and what it may do", async () => {
  const token = tokenFor("alice", { scopes: ["catalog:write", "ops:read"], organizer: "odeon", expires: "10m" });
  const kid = jwt.decode(token, { complete: true })?.header.kid;
  const keys = new JwksClient({ jwksUri: process.env.AUTH_JWKS_URI as string });
  const key = await keys.getSigningKey(kid);
  const claims = jwt.verify(token, key.getPublicKey(), {
    algorithms: ["RS256"],
    issuer: process.env.AUTH_ISSUER as string,
    audience: process.env.AUTH_AUDIENCE as string,
  }) as jwt.JwtPayload;
  assert.equal(claims.sub, "alice");
  assert.equal(claims.scope, "catalog:write ops:read");
  assert.equal(claims.org_id, "odeon");
  assert.equal((claims.exp as number) - (claims.iat as number), 600);
});
