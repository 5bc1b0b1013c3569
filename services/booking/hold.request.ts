import { createHash } from "node:crypto";
import { config } from "#config";
import type { CreateBooking } from "#contracts/booking.ts";
import { type Call, callerOf } from "#contracts/caller.ts";
import { EventixError } from "#contracts/errors.ts";
import { newId } from "#contracts/id.ts";
import { checkIdempotencyKey } from "#contracts/idempotency.ts";
import type { HoldAnswer, PendingHold } from "./event.actor.ts";

/**
 * A call as a hold, with the answer it will get. The gateway sets booking id and deadline before its first attempt, so that a
 * repeat finds what the first one did; a call from elsewhere gets them here. Throws when nobody waits for the answer any more.
 */
export function toHold(ctx: Call<CreateBooking>): { hold: PendingHold; answer: Promise<HoldAnswer> } {
  const { bookingId, deadline, repeat, idempotencyKey } = ctx.meta;
  const { promise, resolve, reject } = Promise.withResolvers<HoldAnswer>();
  const hold: PendingHold = {
    eventId: ctx.params.eventId,
    seatIds: distinct(ctx.params.seatIds).toSorted(),
    userId: callerOf(ctx).id,
    bookingId: bookingId ?? newId(),
    correlationId: ctx.requestID ?? newId(),
    idempotency:
      idempotencyKey === undefined ? null : { key: checkIdempotencyKey(idempotencyKey), hash: hashOf(ctx.params) },
    deadline: deadline ?? Date.now() + config.timeouts.holdDeadlineMs,
    mayExist: repeat === true,
    refusable: idempotencyKey === undefined && repeat !== true,
    remote: ctx.nodeID !== ctx.broker.nodeID,
    alone: false,
    notBefore: 0,
    resolve,
    reject,
  };
  if (hold.deadline <= Date.now()) throw new EventixError("SERVICE_UNAVAILABLE");
  return { hold, answer: promise };
}

/** The schema looks for repeats before it makes the ids lower case. */
function distinct(seatIds: readonly string[]): readonly string[] {
  if (new Set(seatIds).size === seatIds.length) return seatIds;
  const message = "must not name a seat twice";
  throw new EventixError("VALIDATION_ERROR", { errors: [{ field: "seatIds", message }] });
}

/** Of the body as it was sent: the same seats in another order are another body. */
const hashOf = ({ eventId, seatIds }: CreateBooking) =>
  createHash("sha256").update(JSON.stringify({ eventId, seatIds })).digest();
