import type { IncomingHttpHeaders } from "node:http";
import { config } from "#config";
import type { CallMeta } from "#contracts/caller.ts";
import { newId } from "#contracts/id.ts";
import { checkIdempotencyKey } from "#contracts/idempotency.ts";

const { gatewayCallMs, holdDeadlineMs } = config.timeouts;
/** Whoever answers is to give up before the gateway does: its own refusal says more than a time-out. */
const MARGIN_MS = gatewayCallMs - holdDeadlineMs;

/**
 * What a request that may carry an Idempotency-Key is sent with, when the gateway waits so long for its answer.
 * The meta throws VALIDATION_ERROR for a key that is none.
 */
export const keyed =
  (timeoutMs: number) =>
  (headers: IncomingHttpHeaders): CallMeta => {
    const key = headers["idempotency-key"];
    const deadline = Date.now() + timeoutMs - MARGIN_MS;
    return { deadline, ...(key !== undefined && { idempotencyKey: checkIdempotencyKey(key) }) };
  };

/** A hold has the id of its booking besides, so that it can be sent again without being made twice. */
export const holdMeta = (headers: IncomingHttpHeaders): CallMeta => ({
  bookingId: newId(),
  ...keyed(gatewayCallMs)(headers),
});
