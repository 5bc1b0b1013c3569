import { createHmac, createPublicKey, randomUUID } from "node:crypto";
import jwt, { type SignOptions } from "jsonwebtoken";
import { eventixHome } from "#stack/home.ts";
import { issuerKey } from "#stack/issuer/keys.ts";
import { LOCAL_AUDIENCE, LOCAL_ISSUER } from "#stack/issuer/token.ts";
import { BODY_LIMIT_BYTES, PLAN_LIMIT_BYTES } from "../../../services/gateway/body.ts";
import { tokenFor } from "../../support/token.ts";
import { planOf } from "./attacked.ts";
import { FIELDS } from "./bad-fields-kinds.ts";
import { makeKey } from "./issuer.ts";
import type { Case } from "./right-requests.ts";
import { type Kind, said, sent, type Try, withBody, withHeaders } from "./tries.ts";

export const FOREIGN_ORIGIN = "https://evil.test";

const { privateKey, kid } = issuerKey(eventixHome());
/** All scopes there are, so that nothing but what is bad about it can refuse it. */
const claims = () => ({
  sub: "alice",
  scope: "catalog:write internal ops:read ops:write",
  iss: LOCAL_ISSUER,
  aud: LOCAL_AUDIENCE,
  exp: Math.floor(Date.now() / 1_000) + 600,
});
const signed = (change: object, key = privateKey, options: SignOptions = {}) =>
  jwt.sign({ ...claims(), ...change }, key, { algorithm: "RS256", keyid: kid, ...options });
const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
const unsigned = (header: object) => `${part({ typ: "JWT", kid, ...header })}.${part(claims())}`;
const byToken =
  (token: () => string): Kind =>
  (of) => [said(of, { token: token() })];

const WHO: Record<string, Kind> = {
  "no token": (of) => [sent(of, ({ headers: { authorization, ...headers } }) => ({ headers }))],
  expired: byToken(() => signed({ exp: Math.floor(Date.now() / 1_000) - 1 })),
  issuer: byToken(() => signed({ iss: "https://elsewhere.test/" })),
  audience: byToken(() => signed({ aud: "another-api" })),
  none: byToken(() => `${unsigned({ alg: "none" })}.AAAA`),
  HS256: byToken(() => {
    const content = unsigned({ alg: "HS256" });
    const secret = createPublicKey(privateKey).export({ type: "spki", format: "pem" });
    return `${content}.${createHmac("sha256", secret).update(content).digest("base64url")}`;
  }),
  kid: byToken(() => signed({}, makeKey("x").privateKey, { keyid: "unheard-of" })),
  scope: (of) =>
    ["anyone", "user", "signed"].includes(of.endpoint.access)
      ? []
      : [said(of, { token: tokenFor("alice", { scopes: ["ops:read", "catalog:writer", "CATALOG:WRITE"] }) })],
};

const BAD_KEYS = ["", "k".repeat(256), "two words", "k\u00e9y"];

const HOW: Record<string, Kind> = {
  method: (of) => ["PUT", "PATCH", "DELETE", "PURGE"].map((method) => sent(of, () => ({ method }))),
  preflight: (of) => [
    sent(of, () => ({
      method: "OPTIONS",
      headers: {
        origin: FOREIGN_ORIGIN,
        "access-control-request-method": of.endpoint.method,
        "access-control-request-headers": "authorization, content-type",
      },
    })),
  ],
  origin: (of) => [sent(of, () => ({ headers: { origin: FOREIGN_ORIGIN } }))],
  address: (of) =>
    ["127.0.0.1", "10.0.0.1, ::1"].map((address) =>
      sent(of, () => ({ headers: { "x-forwarded-for": address, forwarded: `for=${address}`, "x-real-ip": address } })),
    ),
  query: (of) =>
    ["foo", "id", "__proto__", "toString"].map((name) =>
      sent(of, ({ path }) => ({ path: `${path}${path.includes("?") ? "&" : "?"}${name}=1` }), name),
    ),
  twice: (of) => [sent(of, ({ path }) => ({ path: `${path}${path.includes("?") ? "&" : "?"}limit=5&limit=5` }))],
  key: (of) =>
    BAD_KEYS.filter(() => of.endpoint.meta).map((key) =>
      sent(of, withHeaders({ "idempotency-key": key }), "idempotency-key"),
    ),
};

const withId = (of: Case, value: string): Try[] =>
  of.id ? [said(of, { [of.id.in]: { ...of.said[of.id.in], [of.id.name]: value } })] : [];

const WHICH: Record<string, Kind> = {
  "no id": (of) =>
    ["1", `${randomUUID()}0`, `{${randomUUID()}}`, "' or 1=1 --", "../../etc/passwd", "null"].flatMap((value) =>
      withId(of, value),
    ),
  "NUL id": (of) => ["\0", `${randomUUID()}\0`].flatMap((value) => withId(of, value)),
  "unknown id": (of, ids) => withId(of, ids.unknown),
  "another's id": (of) => (of.id ? withId(of, of.id.others) : []),
};

function tenThousandSeats({ endpoint, said: { body } }: Case): object {
  if (endpoint.body !== "plan") return { ...body, seatIds: Array.from({ length: 10_000 }, () => randomUUID()) };
  const plan = planOf("The same seat ten thousand times");
  const [row] = plan.zones[0]?.rows ?? [];
  row?.seats.splice(0, Number.POSITIVE_INFINITY, ...Array.from({ length: 10_000 }, () => row.seats[0] as never));
  return plan;
}

const BODY: Record<string, Kind> = {
  broken: (of) => ["{", '{"a":1,}', "{'a':1}", "\u0000"].map((body) => sent(of, withBody(body))),
  list: (of) => ["[]", "[1]", "7", '"text"', "null"].map((body) => sent(of, withBody(body))),
  type: (of) =>
    [
      "text/plain",
      "application/x-www-form-urlencoded",
      "multipart/form-data",
      "application/json; charset=latin1",
      "",
    ].map((type) => sent(of, ({ body = "{}", headers }) => ({ body, headers: { ...headers, "content-type": type } }))),
  encoding: (of) => [sent(of, (right) => withBody("{}", { "content-encoding": "zip" })(right))],
  "too big": (of) => {
    const limit = of.endpoint.body === "plan" ? PLAN_LIMIT_BYTES : BODY_LIMIT_BYTES;
    return [sent(of, withBody("{", { "content-length": String(limit + 1) }))];
  },
  "too deep": (of) =>
    [65, 20_000].map((levels) => sent(of, withBody(`{"a":${"[".repeat(levels)}${"]".repeat(levels)}}`))),
  "10,000 seats": (of) => [sent(of, withBody(JSON.stringify(tenThousandSeats(of))))],
};

/** What each column of the tables asks. */
export const KINDS: Record<string, Kind> = { ...WHO, ...HOW, ...WHICH, ...BODY, ...FIELDS };
