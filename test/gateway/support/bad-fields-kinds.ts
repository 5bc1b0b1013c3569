import { randomUUID } from "node:crypto";
import type { Rule } from "#contracts/schema.ts";
import { planOf } from "./attacked.ts";
import type { Case } from "./right-requests.ts";
import { type Kind, said, sent, type Try, withBody } from "./tries.ts";

type AnyRule = Rule & { pattern?: RegExp; integer?: boolean };

/** The fields of a body with their rules: what the schema names and the path does not fill. A new one is tried by itself. */
const bodyFields = ({ endpoint, schema }: Case): [string, AnyRule][] =>
  endpoint.body === "fields"
    ? Object.entries(schema).filter(
        ([field]) => !field.startsWith("$$") && !Object.values(endpoint.pathParams ?? {}).includes(field),
      )
    : [];

const withField = (of: Case, field: string, value: unknown): Try =>
  said(of, { body: { ...of.said.body, [field]: value } }, field);

const eachField =
  (valuesOf: (rule: AnyRule) => unknown[]): Kind =>
  (of) =>
    bodyFields(of).flatMap(([field, rule]) => valuesOf(rule).map((value) => withField(of, field, value)));

/** What is bad about a plan is told by the import's own tests: here is one of each kind. */
const orPlan =
  (fields: Kind, ...plans: object[]): Kind =>
  (of, ids) =>
    of.endpoint.body === "plan" ? plans.map((plan) => sent(of, withBody(JSON.stringify(plan)))) : fields(of, ids);

const OBJECTS = [{}, { length: 1, 0: "x" }];
const WRONG_TIMES = [
  "2035-02-30T00:00:00Z",
  "2035-13-01T00:00:00Z",
  "2035-05-01T25:00:00Z",
  "2035-05-01T19:30:00+99:99",
  "0000-01-01T00:00:00Z",
  "9999-12-31T23:59:59Z",
  "2035-05-01",
  "tomorrow",
];

const isTime = (pattern?: RegExp) => pattern?.test("2035-05-01T19:30Z") && !pattern.test("x");

function wrongValues({ type, pattern, optional, nullable }: AnyRule): unknown[] {
  const nothing = optional || nullable ? [] : [null];
  switch (type) {
    case "string":
      return [...nothing, "", " ", 7, true, [], ["x"], ...OBJECTS, ...(isTime(pattern) ? WRONG_TIMES : [])];
    case "number":
      return [...nothing, "7", "", true, [], [7], ...OBJECTS, 1.5];
    case "array":
      return [...nothing, "x", 7, true, ...OBJECTS, [], [7], [null], [[]]];
    case "record":
      return [...nothing, "x", 7, true, { Stalls: "1" }, { Stalls: -1 }, { Stalls: 1.5 }, { Stalls: null }, { "": 1 }];
    default:
      throw new Error(`No wrong values are known for a field of type ${type}`);
  }
}

function tooLong({ type }: AnyRule): unknown[] {
  switch (type) {
    case "string":
      return ["x".repeat(191), "x".repeat(10_000), "9".repeat(10_000)];
    case "number":
      return [-1, 0, 2 ** 53 + 2, 1e300];
    case "array":
      return [Array.from({ length: 1_001 }, () => randomUUID())];
    default:
      return [{ ["x".repeat(191)]: 1 }, { Stalls: 2 ** 53 + 2 }, { Stalls: 1e300 }];
  }
}

/** What Postgres refuses as text, or would keep as other text. */
const UNSTORABLE = ["\0", "an\0evening", "an\ud800evening", "\udc00\ud800"];

function unstorable({ type }: AnyRule): unknown[] {
  if (type === "string") return UNSTORABLE;
  return type === "array" ? UNSTORABLE.map((text) => [text]) : [];
}

/** As the list of events makes them, but for its times. */
const cursorAt = (time: string) => Buffer.from(`${time} ${randomUUID()}`).toString("base64url");

const WRONG_QUERY: Record<string, string[]> = {
  limit: ["abc", "1.5", "0", "-1", "101", "", " ", "NaN", "1e300", "9007199254740993", "null"],
  cursor: [
    "",
    " ",
    "a b",
    "x".repeat(201),
    "AAAA",
    cursorAt("2035-02-30T00:00:00.000Z"),
    cursorAt("0000-01-01T00:00:00.000Z"),
  ],
  duplicateGuids: ["", "QUALIFY", "true"],
  plan: ["", "x".repeat(191)],
};

/** Who asks, what it costs and what becomes of it is never the client's to say, under whatever name. */
const OURS_TO_SAY: Record<string, unknown> = {
  ...{ user: { id: "eve" }, userId: "eve", owner: "eve", organizer: "eve", organizerId: "eve", scopes: ["internal"] },
  ...{ total: 1, totalMinor: 1, price: 1, priceMinor: 1, amountMinor: 1, currency: "XXX", items: [{ priceMinor: 1 }] },
  ...{ status: "CONFIRMED", paymentStatus: "CAPTURED", captureId: randomUUID(), ticketReference: "0000-0000-0000" },
  ...{ id: randomUUID(), bookingId: randomUUID(), version: 9, deadline: 1e15, expiresAt: "2099-01-01T00:00:00Z" },
  ...{
    heldUntil: "2099-01-01T00:00:00Z",
    createdAt: "2000-01-01T00:00:00Z",
    repeat: true,
    meta: { user: { id: "eve" } },
  },
};

const plan = planOf("A plan with a fault");
const longName = { ...plan, name: "x".repeat(191) };
const nulName = { ...plan, name: "Olga's\0hall" };
const halfName = { ...plan, name: "Olga's\ud800hall" };

/** The columns about fields. */
export const FIELDS: Record<string, Kind> = {
  missing: orPlan(
    (of) =>
      bodyFields(of)
        .filter(([, { optional }]) => !optional)
        .map(([field]) => withField(of, field, undefined)),
    {},
    { ...plan, zones: undefined },
    { ...plan, name: undefined },
  ),
  "wrong value": orPlan(
    eachField(wrongValues),
    { ...plan, zones: 7 },
    { ...plan, name: {} },
    { ...plan, categories: [null] },
  ),
  "too long": orPlan(eachField(tooLong), longName),
  text: orPlan(eachField(unstorable), nulName, halfName),
  "query value": (of) =>
    Object.keys(of.endpoint.query ?? {}).flatMap((name) => {
      const values = WRONG_QUERY[name];
      if (!values) throw new Error(`No wrong values are known for ${name} in a query`);
      return values.map((value) => said(of, { query: { ...of.said.query, [name]: value } }, name));
    }),
  "unknown field": (of) =>
    of.endpoint.body === "fields"
      ? Object.entries({ zzz: 1, ...OURS_TO_SAY })
          .filter(([field]) => !(field in of.schema))
          .map(([field, value]) => withField(of, field, value))
      : [],
  "a seat twice": (of) =>
    "seatIds" in of.schema && of.endpoint.body === "fields"
      ? [withField(of, "seatIds", Array(2).fill((of.said.body as { seatIds: string[] }).seatIds[0]))]
      : [],
  prototype: (of) => {
    if (of.endpoint.body === "plan") return [sent(of, withBody(`{"__proto__":${JSON.stringify(plan)}}`))];
    if (of.endpoint.body !== "fields") return [];
    const rest = JSON.stringify(of.said.body).slice(1, -1);
    return ["__proto__", "constructor", "prototype", "toString", "$$strict"].map((name) =>
      sent(of, withBody(`{"${name}":{"id":"x"}${rest && `,${rest}`}}`), name),
    );
  },
};
