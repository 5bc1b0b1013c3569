import type { Access } from "#contracts/caller.ts";
import type { ErrorCode } from "#contracts/errors.ts";
import type { Rule } from "#contracts/schema.ts";
import { type JsonSchema, jsonSchemaOf, type Named, refTo, schemaOf } from "./json-schema.ts";
import { headerRefs, RATE_HEADERS, refusalsOf } from "./openapi-errors.ts";
import type { Endpoint } from "./routes.ts";

type Fields = Record<string, Rule>;

/** One address as OpenAPI describes it. */
export function operationOf(endpoint: Endpoint, named: Named): JsonSchema {
  const { action, summary, access, status = 200 } = endpoint;
  return {
    operationId: action.replace(".", "_"),
    tags: [tagOf(endpoint)],
    summary,
    ...(access !== "anyone" && { description: whoMay(endpoint) }),
    security: securityOf(access),
    parameters: [...fieldParameters(endpoint, named), ...headerParameters(endpoint)],
    ...(endpoint.body && bodyOf(endpoint, named)),
    responses: {
      [status]: successOf(endpoint, named),
      ...(endpoint.shared && { 304: { description: "As you have it.", headers: headerRefs(headersOf(endpoint)) } }),
      ...refusalsOf(errorsOf(endpoint)),
    },
  };
}

/** Every code that the address may answer with: its own, and those of all that check a request of its kind. */
export function errorsOf({ access, body, meta, errors }: Endpoint): ErrorCode[] {
  return [
    ...errors,
    "VALIDATION_ERROR",
    "RATE_LIMITED",
    ...refusalsOfCaller(access),
    ...(body ? (["PAYLOAD_TOO_LARGE", "UNSUPPORTED_MEDIA_TYPE", "REQUEST_TOO_SLOW"] as const) : []),
    ...(meta ? (["IDEMPOTENCY_KEY_REUSED", "REQUEST_IN_PROGRESS"] as const) : []),
    "SERVICE_UNAVAILABLE",
    "INTERNAL_ERROR",
  ];
}

function refusalsOfCaller(access: Access): readonly ErrorCode[] {
  switch (access) {
    case "anyone":
      return [];
    case "signed":
      return ["SIGNATURE_INVALID", "SIGNATURE_STALE"];
    case "user":
      return ["UNAUTHORIZED", "TOO_MANY_FAILED_LOGINS"];
    default:
      return ["UNAUTHORIZED", "TOO_MANY_FAILED_LOGINS", "FORBIDDEN"];
  }
}

function securityOf(access: Access): object[] {
  if (access === "anyone") return [];
  return access === "signed" ? [{ signature: [] }] : [{ token: access === "user" ? [] : [access] }];
}

function successOf(endpoint: Endpoint, named: Named): JsonSchema {
  const { answer, paged, shared, status } = endpoint;
  const data = schemaOf({ type: "object", props: answer } as Rule, named);
  const properties = {
    success: { const: true },
    data: paged ? { type: "array", items: data } : data,
    ...(paged && { meta: { $ref: refTo("Page") } }),
  };
  const json = { schema: { type: "object", properties, required: Object.keys(properties) } };
  return {
    description: status === 201 ? "Made." : "As asked.",
    headers: headerRefs(headersOf(endpoint)),
    content: { "application/json": json, ...shared?.otherContent },
  };
}

function headersOf({ location, meta, shared }: Endpoint): string[] {
  return [
    "x-correlation-id",
    ...RATE_HEADERS,
    ...(location ? ["location"] : []),
    ...(meta ? ["idempotency-replayed"] : []),
    ...(shared ? ["etag", "cache-control"] : []),
    ...(shared?.otherContent ? ["x-seat-count"] : []),
  ];
}

function fieldParameters({ params, pathParams = {}, query = {}, headers = [] }: Endpoint, named: Named): JsonSchema[] {
  const fields = params as Fields;
  const parameter = (where: "path" | "query" | "header", name: string, field: string) => {
    const { description, ...rule } = fields[field] as Rule;
    return {
      name,
      in: where,
      required: where !== "query" || !rule.optional,
      description,
      schema: schemaOf(rule, named),
    };
  };
  return [
    ...Object.entries(pathParams).map(([name, field]) => parameter("path", name, field)),
    ...Object.entries(query).map(([name, field]) => parameter("query", name, field)),
    ...headers.map((name) => parameter("header", name, name)),
  ];
}

function headerParameters({ meta, shared }: Endpoint): JsonSchema[] {
  return [
    { $ref: "#/components/parameters/correlation-id" },
    ...(meta ? [{ $ref: "#/components/parameters/idempotency-key" }] : []),
    ...(shared ? [{ $ref: "#/components/parameters/if-none-match" }] : []),
  ];
}

function bodyOf({ params, pathParams = {}, query = {}, body, payload }: Endpoint, named: Named): JsonSchema {
  if (payload) {
    const schema = schemaOf({ type: "object", props: payload } as Rule, named);
    return { requestBody: { required: true, content: { "application/json": { schema } } } };
  }
  const elsewhere = new Set([...Object.values(pathParams), ...Object.values(query)]);
  const fields = Object.fromEntries(Object.entries(params).filter(([field]) => !elsewhere.has(field)));
  const { $$strict, ...own } = fields;
  const isEmpty = Object.keys(own).length === 0;
  const schema =
    body === "plan" ? { type: "object", description: (own.plan as Rule).description } : jsonSchemaOf(fields, named);
  const requestBody = { required: !isEmpty, content: { "application/json": { schema } } };
  return { requestBody: isEmpty ? { description: "Nothing, or an empty object.", ...requestBody } : requestBody };
}

const tagOf = ({ path }: Endpoint): string =>
  path.startsWith("/internal") ? "internal" : (path.split("/")[2] as string);

function whoMay({ access }: Endpoint): string {
  if (access === "signed")
    return "For the payment provider, which signs what it sends. A repeat has no further effect.";
  return access === "user"
    ? "For the bearer of a token; what is another's is not found."
    : `Needs the scope \`${access}\`.`;
}
