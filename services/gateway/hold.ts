import type { IncomingHttpHeaders } from "node:http";
import { v7 as uuidv7 } from "uuid";
import { config } from "#config";
import type { CallMeta } from "#contracts/caller.ts";
import { invalid } from "./http-errors.ts";

const VISIBLE_ASCII = /^[\x21-\x7e]{1,255}$/;

/**
 * What a hold is sent with: the id its booking will have, so that the hold can be sent again without being made twice;
 * when nobody waits for it any more; and the client's Idempotency-Key. Throws VALIDATION_ERROR for a key that is none.
 */
export function holdMeta(headers: IncomingHttpHeaders): CallMeta {
  const meta: CallMeta = { bookingId: uuidv7(), deadline: Date.now() + config.timeouts.holdDeadlineMs };
  const key = headers["idempotency-key"];
  if (key === undefined) return meta;
  if (typeof key !== "string" || !VISIBLE_ASCII.test(key)) {
    throw invalid("idempotency-key", "must be 1 to 255 visible ASCII characters");
  }
  return { ...meta, idempotencyKey: key };
}
