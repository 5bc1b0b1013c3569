import { BOOKING_RESPONSE, PAYMENT_RESPONSE, SEAT_STATE, SEATS_AVAILABILITY } from "#contracts/booking.ts";
import { EVENT_RESPONSE, IMPORTED_VENUE, PLAN_PROBLEM, SEAT_MAP } from "#contracts/catalog.ts";
import type { ErrorCode } from "#contracts/errors.ts";
import { CLUSTER_HEALTH, NODE_HEALTH } from "#contracts/health.ts";
import { PAYMENT_EVENT } from "#contracts/payment-event.ts";
import { type JsonSchema, jsonSchemaOf, refTo } from "./json-schema.ts";
import { errorSchemas, headerRefs, refusalExamples, refusalsOf } from "./openapi-errors.ts";
import { errorsOf, operationOf } from "./openapi-operation.ts";
import { ENDPOINTS } from "./routes.ts";

const NAMES = new Map<object, string>([
  [EVENT_RESPONSE, "Event"],
  [SEAT_MAP, "SeatMap"],
  [SEATS_AVAILABILITY, "Availability"],
  [SEAT_STATE, "SeatState"],
  [BOOKING_RESPONSE, "Booking"],
  [PAYMENT_RESPONSE, "Payment"],
  [IMPORTED_VENUE, "ImportedVenue"],
  [PLAN_PROBLEM, "PlanProblem"],
  [PAYMENT_EVENT, "PaymentEvent"],
  [CLUSTER_HEALTH, "ClusterHealth"],
  [NODE_HEALTH, "NodeHealth"],
]);

const ABOUT = `Times are RFC 3339, money is integer minor units with a currency. Unknown fields are refused. HEAD is answered
wherever GET is. An address that is not here answers \`NOT_FOUND\`; another method \`METHOD_NOT_ALLOWED\`, with those that are taken
in \`Allow\`. A POST that is sent again with its \`Idempotency-Key\` has one effect and one answer.`;

/** The OpenAPI 3.1 document of all addresses, made from the routes and from the schemas that check what comes and goes. */
export function openApiDocument(): JsonSchema {
  const codes = [...new Set(ENDPOINTS.flatMap(errorsOf))];
  return {
    openapi: "3.1.1",
    info: {
      title: "Eventix",
      version: "1",
      summary: "Reserved seats, sold in a stampede, never twice.",
      description: ABOUT,
      license: { name: "MIT", identifier: "MIT" },
    },
    servers: [{ url: "/", description: "The gateway that serves this document." }],
    tags: [
      { name: "events", description: "What is on, where, and which seats are free." },
      { name: "bookings", description: "Holding seats, and what became of it." },
      { name: "venues", description: "Seating plans." },
      { name: "internal", description: "For services of the same house." },
      { name: "payments", description: "For the payment provider." },
      { name: "health", description: "For probes and for whoever is on duty." },
    ],
    paths: pathsOf(),
    components: {
      schemas: { ...namedSchemas(), Page: PAGE, ...errorSchemas(codes, NAMES) },
      examples: refusalExamples(codes),
      headers: HEADERS,
      parameters: PARAMETERS,
      securitySchemes: SECURITY,
    },
  };
}

function pathsOf(): JsonSchema {
  const operations = ENDPOINTS.map((endpoint) => ({
    path: endpoint.path.replaceAll(/:(\w+)/g, "{$1}"),
    method: endpoint.method.toLowerCase(),
    operation: operationOf(endpoint, NAMES),
  }));
  const byPath = Map.groupBy(operations, ({ path }) => path);
  const paths = [...byPath].map(([path, of]) => [path, Object.fromEntries(of.map((o) => [o.method, o.operation]))]);
  return { ...Object.fromEntries(paths), ...HEALTH };
}

const namedSchemas = (): JsonSchema =>
  Object.fromEntries([...NAMES].map(([schema, name]) => [name, jsonSchemaOf(schema, NAMES)]));

const PAGE = {
  type: "object",
  description: "Where this page stands in the list.",
  properties: {
    limit: { type: "integer", description: "How many a page.", examples: [20] },
    nextCursor: {
      type: ["string", "null"],
      description: "`cursor` of the next page; null on the last.",
      examples: [null],
    },
  },
  required: ["limit", "nextCursor"],
};

const header = (description: string, type: string, example: unknown, required = true) => ({
  description,
  required,
  schema: { type, examples: [example] },
});

const HEADERS = {
  "x-correlation-id": header("By which this request is found in the logs and on the topics.", "string", "order-4711"),
  "x-ratelimit-limit": header("Requests a minute.", "integer", 600),
  "x-ratelimit-remaining": header("How many of them are left.", "integer", 599),
  "x-ratelimit-reset": header("When the next minute begins, in epoch seconds.", "integer", 1_819_900_800),
  "retry-after": header("Seconds after which to ask again.", "integer", 1, false),
  location: header("Where to read what was made.", "string", "/api/bookings/019c0e0a-7c1e-7c3a-9d5e-3f1b2a4c5d6e"),
  "idempotency-replayed": header(
    "`true` when this is the answer to an earlier request with the same key.",
    "string",
    "true",
    false,
  ),
  "www-authenticate": header("How to say who asks.", "string", "Bearer"),
  etag: header("Of this answer, for If-None-Match.", "string", '"1cLmZ2"'),
  "cache-control": header("How long others may keep the answer.", "string", "public, max-age=60"),
  "x-seat-count": header("How many seats the answer tells of.", "integer", 1207),
};

const PARAMETERS = {
  "correlation-id": {
    name: "x-correlation-id",
    in: "header",
    description:
      "An id of the client's own to find the request by; another is made when it is absent or not of this form.",
    schema: { type: "string", pattern: "^[A-Za-z0-9._-]{1,64}$", examples: ["order-4711"] },
  },
  "idempotency-key": {
    name: "Idempotency-Key",
    in: "header",
    description: "Of the client's choice, new for each new request and the same for its repeats; kept for a day.",
    schema: { type: "string", pattern: "^[!-~]{1,255}$", examples: ["order-4711"] },
  },
  "if-none-match": {
    name: "If-None-Match",
    in: "header",
    description: "The ETag of an answer that the client has: 304 when it is still so.",
    schema: { type: "string", examples: ['"1cLmZ2"'] },
  },
};

const SECURITY = {
  token: {
    type: "http",
    scheme: "bearer",
    bearerFormat: "JWT",
    description: "RS256, of the configured issuer and audience.",
  },
  signature: {
    type: "apiKey",
    in: "header",
    name: "webhook-signature",
    description: "Of the body, by a secret that provider and gateway share: see www.standardwebhooks.com.",
  },
};

const probe = (operationId: string, summary: string, data: JsonSchema, codes: readonly ErrorCode[]) => ({
  get: {
    operationId,
    tags: ["health"],
    summary,
    security: [],
    responses: {
      200: {
        description: "As asked.",
        headers: headerRefs(["x-correlation-id", "cache-control"]),
        content: {
          "application/json": {
            schema: { type: "object", properties: { success: { const: true }, data }, required: ["success", "data"] },
          },
        },
      },
      ...refusalsOf(codes),
    },
  },
});

const OK = {
  type: "object",
  properties: { status: { const: "ok", description: "All is well." } },
  required: ["status"],
};

const HEALTH = {
  "/health": probe("health", "Tell what is well and what is not", { $ref: refTo("ClusterHealth") }, ["INTERNAL_ERROR"]),
  "/health/live": probe("health_live", "Tell that the process answers", OK, ["INTERNAL_ERROR"]),
  "/health/ready": probe("health_ready", "Tell whether the node can be sent requests", OK, ["SERVICE_UNAVAILABLE"]),
};
