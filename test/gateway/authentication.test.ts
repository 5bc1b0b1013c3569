import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { after, before, describe, test } from "node:test";
import jwt from "jsonwebtoken";
import { bearer, echo, type GatewayUnderTest, json, post, startGateway } from "./support/gateway.ts";
import { AUDIENCE, ISSUER, makeKey, type SigningKey, sign } from "./support/issuer.ts";

let gateway: GatewayUnderTest;
before(async () => {
  gateway = await startGateway({ booking: { get: { handler: echo } }, catalog: { createEvent: { handler: echo } } });
});
after(() => gateway.stop());

const ask = (headers: Record<string, string>) => gateway.fetch("/api/bookings/b1", { headers });
const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
const soon = () => Math.floor(Date.now() / 1_000) + 60;
const claims = () => ({ sub: "mallory", iss: ISSUER, aud: AUDIENCE, exp: soon() });

/** The public key as the secret of an HMAC: what a verifier that believes the token's own `alg` falls for. */
function hs256WithPublicKey({ kid, publicKey }: SigningKey): string {
  const content = `${part({ alg: "HS256", typ: "JWT", kid })}.${part(claims())}`;
  const secret = publicKey.export({ type: "spki", format: "pem" });
  return `${content}.${createHmac("sha256", secret).update(content).digest("base64url")}`;
}

const refused: Record<string, () => Record<string, string>> = {
  "no token": () => ({}),
  "another scheme": () => ({ authorization: "Basic YWxpY2U6eA==" }),
  "an empty header": () => ({ authorization: "" }),
  "a payload that is no JSON": () => bearer(`${part({ alg: "RS256", typ: "JWT", kid: "key-1" })}.AAAA.AAAA`),
  "a header that is no JSON": () => bearer("AAAA.AAAA.AAAA"),
  "a subject with a NUL": () => bearer(gateway.token({ sub: "al\0ice" })),
  "a subject with half a surrogate pair": () => bearer(gateway.token({ sub: "al\ud800ice" })),
  "no JWT": () => bearer("let-me-in"),
  "alg none": () => bearer(`${part({ alg: "none", kid: "key-1" })}.${part(claims())}.`),
  "alg none with some signature": () => bearer(`${part({ alg: "none", kid: "key-1" })}.${part(claims())}.AAAA`),
  "HS256 with the public key": () => bearer(hs256WithPublicKey(gateway.key)),
  "RS512 with the right key": () => bearer(sign(gateway.key, {}, { algorithm: "RS512" })),
  "another issuer": () => bearer(gateway.token({ iss: "https://elsewhere.test/" })),
  "another audience": () => bearer(gateway.token({ aud: "another-api" })),
  "no audience": () => bearer(gateway.token({ aud: undefined })),
  expired: () => bearer(gateway.token({ exp: soon() - 120 })),
  "no expiry": () => bearer(gateway.token({ exp: undefined })),
  "not yet valid": () => bearer(gateway.token({ nbf: soon() })),
  "no subject": () => bearer(gateway.token({ sub: undefined })),
  "an empty subject": () => bearer(gateway.token({ sub: "" })),
  "a subject longer than a column": () => bearer(gateway.token({ sub: "a".repeat(256) })),
  "no key id": () => bearer(jwt.sign(claims(), gateway.key.privateKey, { algorithm: "RS256" })),
  "an unknown key id": () => bearer(sign(makeKey("key-2"))),
  "a known key id on another key": () => bearer(sign(makeKey("key-1"))),
  "a changed claim": () => {
    const [header, , signature] = gateway.token().split(".");
    return bearer(`${header}.${part({ ...claims(), sub: "bob" })}.${signature}`);
  },
  "a token of 20 kB": () => bearer(gateway.token({ padding: "x".repeat(10_000) })),
};

describe("a request is answered 401 with", () => {
  for (const [name, headers] of Object.entries(refused)) {
    test(name, async () => {
      const response = await ask(headers());
      assert.equal(response.status, 401);
      assert.equal(response.headers.get("www-authenticate"), "Bearer");
      assert.equal((await json(response)).error.code, "UNAUTHORIZED");
    });
  }
});

/** As proxies and other servers tell who asks. */
const OTHERS = {
  "x-user-id": "eve",
  "x-forwarded-user": "eve",
  "x-organizer": "eve",
  "x-scopes": "internal",
  "x-meta": "{}",
};

test("the caller is the token's subject, organizer and scopes, whatever body and headers say", async () => {
  const token = gateway.token({
    sub: "olga",
    org_id: "theatre",
    scope: "catalog:write  x",
    permissions: ["ops:read", 7],
  });
  const { data } = await json(
    await gateway.fetch(
      "/api/events",
      post({ user: { id: "eve" }, meta: { user: { id: "eve" } } }, { ...bearer(token), ...OTHERS }),
    ),
  );
  assert.deepEqual(data.user, { id: "olga", organizer: "theatre", scopes: ["catalog:write", "x", "ops:read"] });
});

test("without an organization the subject is the organizer", async () => {
  const { data } = await json(await ask(bearer(gateway.token({ sub: "alice" }))));
  assert.deepEqual(data.user, { id: "alice", organizer: "alice", scopes: [] });
});

test("a token without the scope is told so, and one for services opens everything", async () => {
  const withScope = (scope: string) => gateway.fetch("/api/events", post({}, bearer(gateway.token({ scope }))));
  const refusal = await withScope("ops:read");
  assert.equal(refusal.status, 403);
  assert.equal((await json(refusal)).error.code, "FORBIDDEN");
  assert.equal((await withScope("internal")).status, 201);
});

test("somebody without a token is refused before the body is looked at", async () => {
  const response = await gateway.fetch("/api/venues", post("{ broken"));
  assert.equal(response.status, 401);
});
