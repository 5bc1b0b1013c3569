import type { IncomingHttpHeaders } from "node:http";
import { EventixError } from "#contracts/errors.ts";
import { invalid } from "./http-errors.ts";
import type { Endpoint } from "./routes.ts";

/** What a request says, by where it says it. */
export interface Said {
  path: Record<string, string>;
  query: Record<string, string>;
  headers: IncomingHttpHeaders;
  body: unknown;
}

const NOTHING: Record<string, string> = Object.freeze({});

/** A flat query: a parameter given twice is refused, and brackets mean nothing. Throws VALIDATION_ERROR. */
export function parseQuery(search: string): Record<string, string> {
  if (search === "") return NOTHING;
  const query: Record<string, string> = {};
  for (const [name, value] of new URLSearchParams(search)) {
    if (Object.hasOwn(query, name)) throw invalid(name, "is given twice");
    Object.defineProperty(query, name, { value, enumerable: true });
  }
  return query;
}

/**
 * The action's params. Path, query and body fill names of their own: a field in two of them is refused, so none can
 * override another. Throws VALIDATION_ERROR, naming all fields that are given twice or unknown to the query.
 */
export function paramsOf(endpoint: Endpoint, said: Said): Record<string, unknown> {
  const params = bodyParams(endpoint, said.body);
  const wrong: { field: string; message: string }[] = [];
  const put = (field: string, value: unknown) => {
    if (Object.hasOwn(params, field)) wrong.push({ field, message: "is given twice" });
    params[field] = value;
  };
  // All are uuids: in another letter case one is the same id, and shares what is shared.
  for (const [name, field] of Object.entries(endpoint.pathParams ?? {})) put(field, said.path[name]?.toLowerCase());
  for (const name of endpoint.headers ?? []) if (said.headers[name] !== undefined) put(name, said.headers[name]);
  for (const [name, value] of Object.entries(said.query)) {
    const field = endpoint.query && Object.hasOwn(endpoint.query, name) && endpoint.query[name];
    if (field) put(field, value);
    else wrong.push({ field: name, message: "is not a parameter of this address" });
  }
  if (wrong.length > 0) throw new EventixError("VALIDATION_ERROR", { errors: wrong });
  return params;
}

function bodyParams(endpoint: Endpoint, body: unknown): Record<string, unknown> {
  if (endpoint.body === "plan") return { plan: body };
  // On the bus bytes go as text.
  if (endpoint.body === "bytes") return { payload: ((body ?? Buffer.alloc(0)) as Buffer).toString("base64") };
  if (body === undefined) return {};
  if (body === null || typeof body !== "object" || Array.isArray(body)) throw invalid("body", "must be an object");
  return { ...body };
}
