import type { IncomingMessage, ServerResponse } from "node:http";
import web from "moleculer-web";
import { EventixError } from "#contracts/errors.ts";
import { invalid } from "./http-errors.ts";

export const BODY_LIMIT_BYTES = 64 * 1024;
export const PLAN_LIMIT_BYTES = 40 * 1024 * 1024;
/** For 64 kB over the worst of mobile networks. */
export const BODY_TIMEOUT_MS = 10_000;
/** For 40 MB over 6 Mbit/s. */
const PLAN_TIMEOUT_MS = 60_000;
/**
 * Lists and objects within one another. A plan in an API reply has 11; what goes thousands deep overflows the stack of those
 * who check it, print it or send it to another node.
 */
const DEPTH_MAX = 64;

/** `bytes` are taken as they are: they were signed so. */
export type BodyKind = "fields" | "plan" | "bytes";
type Parser = (req: IncomingMessage, res: ServerResponse, next: (error?: unknown) => void) => void;
const { json, raw } = web.bodyParser as unknown as {
  json: (options: { limit: number; strict: boolean }) => Parser;
  raw: (options: { limit: number; inflate: boolean; type: () => boolean }) => Parser;
};

interface Reading {
  parse: Parser;
  limit: number;
  timeoutMs: number;
}

const READINGS: Record<BodyKind, Reading> = {
  fields: {
    parse: json({ limit: BODY_LIMIT_BYTES, strict: true }),
    limit: BODY_LIMIT_BYTES,
    timeoutMs: BODY_TIMEOUT_MS,
  },
  plan: {
    // Not strict: whatever JSON it is, the import says what is wrong with it as a plan.
    parse: json({ limit: PLAN_LIMIT_BYTES, strict: false }),
    limit: PLAN_LIMIT_BYTES,
    timeoutMs: PLAN_TIMEOUT_MS,
  },
  bytes: {
    parse: raw({ limit: BODY_LIMIT_BYTES, inflate: false, type: () => true }),
    limit: BODY_LIMIT_BYTES,
    timeoutMs: BODY_TIMEOUT_MS,
  },
};

/**
 * The request's JSON body, or its bytes as a Buffer; undefined when it has none.
 * Throws PAYLOAD_TOO_LARGE (at once if its length is declared), UNSUPPORTED_MEDIA_TYPE, REQUEST_TOO_SLOW, VALIDATION_ERROR for
 * broken JSON, SEATING_PLAN_INVALID for a plan that is no JSON, in the same form as the errors inside a plan.
 */
export async function readBody(req: IncomingMessage, res: ServerResponse, kind: BodyKind): Promise<unknown> {
  const length = req.headers["content-length"];
  if (length === "0" || (length === undefined && req.headers["transfer-encoding"] === undefined)) return undefined;
  const { limit } = READINGS[kind];
  if (Number(length) > limit) throw new EventixError("PAYLOAD_TOO_LARGE", { limit });
  const type = req.headers["content-type"] ?? "";
  // Of JSON the parser looks at the charset itself; bytes are not looked into.
  if (!/^application\/json\s*(;|$)/i.test(type) || (kind === "bytes" && /charset=(?!"?utf-8\b)/i.test(type))) {
    throw new EventixError("UNSUPPORTED_MEDIA_TYPE");
  }
  await parseWithin(req, res, kind);
  const { body } = req as { body?: unknown };
  if (kind !== "bytes" && isDeeperThan(DEPTH_MAX, body)) throw notValid(kind, `is nested more than ${DEPTH_MAX} deep`);
  return body;
}

function parseWithin(req: IncomingMessage, res: ServerResponse, kind: BodyKind): Promise<void> {
  const { parse, timeoutMs } = READINGS[kind];
  return new Promise<void>((resolve, reject) => {
    const late = setTimeout(() => reject(new EventixError("REQUEST_TOO_SLOW")), timeoutMs);
    parse(req, res, (error) => {
      clearTimeout(late);
      if (error) reject(refusal(error, kind));
      else resolve();
    });
  });
}

function refusal(error: unknown, kind: BodyKind): EventixError {
  const { type, message } = error as { type?: string; message: string };
  switch (type) {
    case "entity.too.large":
      return new EventixError("PAYLOAD_TOO_LARGE", { limit: READINGS[kind].limit });
    case "encoding.unsupported":
    case "charset.unsupported":
      return new EventixError("UNSUPPORTED_MEDIA_TYPE");
    case "entity.parse.failed":
      return notValid(kind, kind === "plan" ? `is not JSON: ${message}` : "is not JSON");
    default:
      return invalid("body", `cannot be read: ${message}`);
  }
}

function notValid(kind: BodyKind, message: string): EventixError {
  if (kind !== "plan") return invalid("body", message);
  const problem = { path: "", zone: null, row: null, seat: null, message: `The file ${message}` };
  return new EventixError("SEATING_PLAN_INVALID", { errors: [problem], errorCount: 1 });
}

/** Goes no deeper itself than it allows. */
const isDeeperThan = (levels: number, value: unknown): boolean =>
  value !== null &&
  typeof value === "object" &&
  (levels === 0 || Object.values(value).some((inner) => isDeeperThan(levels - 1, inner)));
