import type { IncomingMessage, ServerResponse } from "node:http";
import web from "moleculer-web";
import { EventixError } from "#contracts/errors.ts";
import { invalid } from "./http-errors.ts";

export const BODY_LIMIT_BYTES = 64 * 1024;
export const PLAN_LIMIT_BYTES = 40 * 1024 * 1024;

export type BodyKind = "fields" | "plan";
type Parser = (req: IncomingMessage, res: ServerResponse, next: (error?: unknown) => void) => void;
const { json } = web.bodyParser as unknown as { json: (options: { limit: number; strict: boolean }) => Parser };

const PARSERS: Record<BodyKind, { parse: Parser; limit: number }> = {
  fields: { parse: json({ limit: BODY_LIMIT_BYTES, strict: true }), limit: BODY_LIMIT_BYTES },
  // Not strict: whatever JSON it is, the import says what is wrong with it as a plan.
  plan: { parse: json({ limit: PLAN_LIMIT_BYTES, strict: false }), limit: PLAN_LIMIT_BYTES },
};

/**
 * The request's JSON body, undefined when it has none.
 * Throws PAYLOAD_TOO_LARGE (at once if its length is declared), VALIDATION_ERROR for another content type or broken JSON,
 * SEATING_PLAN_INVALID for a plan that is no JSON, in the same form as the errors inside a plan.
 */
export async function readBody(req: IncomingMessage, res: ServerResponse, kind: BodyKind): Promise<unknown> {
  const length = req.headers["content-length"];
  if (length === "0" || (length === undefined && req.headers["transfer-encoding"] === undefined)) return undefined;
  const { parse, limit } = PARSERS[kind];
  if (Number(length) > limit) throw new EventixError("PAYLOAD_TOO_LARGE", { limit });
  if (!/^application\/json\s*(;|$)/i.test(req.headers["content-type"] ?? "")) {
    throw invalid("content-type", "must be application/json");
  }
  await new Promise<void>((resolve, reject) => {
    parse(req, res, (error) => (error ? reject(refusal(error, kind, limit)) : resolve()));
  });
  return (req as { body?: unknown }).body;
}

function refusal(error: unknown, kind: BodyKind, limit: number): EventixError {
  const { type, message } = error as { type?: string; message: string };
  if (type === "entity.too.large") return new EventixError("PAYLOAD_TOO_LARGE", { limit });
  if (type !== "entity.parse.failed") return invalid("body", `cannot be read: ${message}`);
  if (kind === "fields") return invalid("body", "is not JSON");
  const problem = { path: "", zone: null, row: null, seat: null, message: `The file is not JSON: ${message}` };
  return new EventixError("SEATING_PLAN_INVALID", { errors: [problem], errorCount: 1 });
}
