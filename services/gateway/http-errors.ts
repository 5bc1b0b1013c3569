import { ERRORS, type ErrorCode, EventixError, isErrorCode } from "#contracts/errors.ts";

export interface HttpError {
  status: number;
  headers: Record<string, string>;
  body: { success: false; error: { code: ErrorCode; message: string; details?: unknown } };
}

/** When to come back if nothing more exact is known. */
const RETRY_AFTER_SECONDS = "1";

/** Moleculer's errors, by type, of an action that cannot be reached or does not answer in time. */
const UNREACHABLE = new Set([
  "REQUEST_TIMEOUT",
  "REQUEST_REJECTED",
  "REQUEST_SKIPPED",
  "SERVICE_NOT_FOUND",
  "SERVICE_NOT_AVAILABLE",
  "QUEUE_FULL",
  "BAD_GATEWAY",
  "GRACEFUL_STOP_TIMEOUT",
]);

/** Moleculer-web's, of a path with a broken escape. */
const UNDECODABLE = "UNABLE_DECODE_PARAM";

/** A refusal of one field of the request. */
export const invalid = (field: string, message: string) =>
  new EventixError("VALIDATION_ERROR", { errors: [{ field, message }] });

/** The error table's code for whatever was thrown: by our services on any node, by Moleculer, or by moleculer-web. */
export function codeOf(error: unknown): ErrorCode {
  const { type, code } = (error ?? {}) as { type?: unknown; code?: unknown };
  if (isErrorCode(type)) return type;
  if (UNREACHABLE.has(type as string) || code === 503) return "SERVICE_UNAVAILABLE";
  if (type === UNDECODABLE) return "VALIDATION_ERROR";
  return "INTERNAL_ERROR";
}

/** The answer to a failed request. Of what is not in the table, only the correlation id gets out. */
export function httpErrorOf(error: unknown, correlationId: string): HttpError {
  const code = codeOf(error);
  const details = code === "INTERNAL_ERROR" ? { correlationId } : detailsOf(error);
  return {
    status: ERRORS[code].status,
    headers: headersOf(code),
    body: { success: false, error: { code, message: messageOf(error, code), ...(details ? { details } : {}) } },
  };
}

function headersOf(code: ErrorCode): Record<string, string> {
  if (code === "UNAUTHORIZED") return { "www-authenticate": "Bearer" };
  // What is still to come of a request that was given up is not waited for.
  if (code === "REQUEST_TOO_SLOW") return { connection: "close" };
  if (code === "SERVICE_UNAVAILABLE" || code === "REQUEST_IN_PROGRESS") return { "retry-after": RETRY_AFTER_SECONDS };
  return {};
}

/** Only our own errors were worded for the caller. By name, since the class is lost between nodes. */
const isOurs = (error: unknown) => (error as { name?: unknown } | null)?.name === "EventixError";

const messageOf = (error: unknown, code: ErrorCode): string =>
  isOurs(error) && code !== "INTERNAL_ERROR" ? (error as Error).message : ERRORS[code].message;

function detailsOf(error: unknown): unknown {
  const { data, type } = (error ?? {}) as { data?: unknown; type?: unknown };
  if (isOurs(error)) return data;
  if (type === UNDECODABLE) return { errors: [{ field: "path", message: "is not percent-encoded UTF-8" }] };
  return Array.isArray(data) ? { errors: data.map(problemOf) } : undefined;
}

/** Moleculer's check of params also says values and nodes, which are nobody's business. */
function problemOf({ field, message, actual, type }: Record<string, unknown>): { field: unknown; message: unknown } {
  const unknownFields = type === "objectStrict" ? actual : "";
  return { field: field ?? unknownFields, message };
}
