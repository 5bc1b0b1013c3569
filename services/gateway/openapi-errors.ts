import { ERROR_DETAILS } from "#contracts/error-details.ts";
import { ERRORS, type ErrorCode } from "#contracts/errors.ts";
import type { Rule } from "#contracts/schema.ts";
import { exampleOf, type JsonSchema, jsonSchemaOf, type Named, refTo } from "./json-schema.ts";

/** A refusal a status: the codes it may carry, each with its schema and an example. */
export function refusalsOf(codes: readonly ErrorCode[]): JsonSchema {
  const byStatus = Map.groupBy(codes, (code) => ERRORS[code].status);
  return Object.fromEntries(
    [...byStatus].sort(([a], [b]) => a - b).map(([status, ofStatus]) => [status, refusalOf(status, ofStatus)]),
  );
}

/** The schema of `error` in each refusal, by its code. */
export const errorSchemas = (codes: readonly ErrorCode[], named: Named): JsonSchema =>
  Object.fromEntries(codes.map((code) => [code, errorSchema(code, named)]));

/** An example of each refusal, by its code. */
export const refusalExamples = (codes: readonly ErrorCode[]): JsonSchema =>
  Object.fromEntries(
    codes.map((code) => {
      const props = ERROR_DETAILS[code];
      const details = props && { details: exampleOf({ type: "object", props } as Rule) };
      return [code, { value: { success: false, error: { code, message: ERRORS[code].message, ...details } } }];
    }),
  );

export const RATE_HEADERS = ["x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"] as const;

export const headerRefs = (names: readonly string[]): JsonSchema =>
  Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]));

function refusalOf(status: number, codes: readonly ErrorCode[]): JsonSchema {
  const mayWait = status === 429 || status === 503 || codes.includes("REQUEST_IN_PROGRESS");
  const headers = [
    "x-correlation-id",
    ...(status < 500 ? RATE_HEADERS : []),
    ...(status === 401 ? ["www-authenticate"] : []),
    ...(mayWait ? ["retry-after"] : []),
  ];
  const errors = codes.map((code) => ({ $ref: refTo(code) }));
  const error = errors.length === 1 ? errors[0] : { oneOf: errors, discriminator: { propertyName: "code" } };
  return {
    description: codes.map((code) => `\`${code}\`: ${ERRORS[code].message}`).join("\n\n"),
    headers: headerRefs(headers),
    content: {
      "application/json": {
        schema: {
          type: "object",
          properties: { success: { const: false }, error },
          required: ["success", "error"],
        },
        examples: Object.fromEntries(codes.map((code) => [code, { $ref: `#/components/examples/${code}` }])),
      },
    },
  };
}

function errorSchema(code: ErrorCode, named: Named): JsonSchema {
  const details = ERROR_DETAILS[code] && jsonSchemaOf(ERROR_DETAILS[code], named);
  const { message, retryable } = ERRORS[code];
  return {
    type: "object",
    description: retryable ? "May pass when it is sent again." : "Will not pass as it is.",
    properties: {
      code: { const: code, description: "What happened, for programs: it does not change." },
      message: { type: "string", description: "What happened and what to do next, for people.", examples: [message] },
      ...(details && { details: { ...details, description: "More about it." } }),
    },
    required: ["code", "message", ...(details?.required ? ["details"] : [])],
  };
}
