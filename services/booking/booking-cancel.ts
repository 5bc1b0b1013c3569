import { setTimeout as sleep } from "node:timers/promises";
import type { Pool } from "pg";
import type { BookingResponse } from "#contracts/booking.ts";
import { EventixError } from "#contracts/errors.ts";
import { appendFacts } from "#mixins/outbox.repository.ts";
import { backOffMs, retryWaitMs } from "#mixins/retryable.ts";
import { type Tx, transaction } from "#mixins/transaction.ts";
import { applyToLocked, type Released } from "./booking.changes.ts";
import { lockOwn } from "./booking.repository.ts";
import { stateOf } from "./booking.transitions.ts";
import { viewOf } from "./booking-view.ts";

export interface Cancelled {
  booking: BookingResponse;
  released: Released[];
}

interface Cancellation {
  bookingId: string;
  userId: string;
}

/** Two locks of at most half a second each: three tries end before the gateway gives up. */
const TRIES = 3;

/**
 * The buyer gives a PENDING booking back, also one that has run out but is not expired yet; the seats are on sale again. Asked
 * again, answers the same. Throws BOOKING_NOT_FOUND, also for another's booking; BOOKING_NOT_CANCELLABLE with details.status;
 * SERVICE_UNAVAILABLE when its rows stay locked.
 */
export async function cancelBooking(pool: Pool, cancellation: Cancellation): Promise<Cancelled> {
  for (let tries = 1; ; tries++) {
    try {
      return await transaction(pool, (tx) => cancelIn(tx, cancellation));
    } catch (error) {
      const waitMs = retryWaitMs(error);
      if (waitMs === undefined) throw error;
      if (tries === TRIES) throw new EventixError("SERVICE_UNAVAILABLE");
      await sleep(backOffMs(waitMs, tries - 1));
    }
  }
}

async function cancelIn(tx: Tx, { bookingId, userId }: Cancellation): Promise<Cancelled> {
  const booking = await lockOwn(tx, bookingId, userId);
  if (!booking) throw new EventixError("BOOKING_NOT_FOUND");
  if (stateOf(booking) === "CANCELLED:BY_USER") return { booking: viewOf(booking), released: [] };

  const command = { bookingId, eventId: booking.eventId, on: "buyer.cancels", cause: {} } as const;
  const { changes, publish, released } = await applyToLocked(tx, [booking], [command]);
  const [change] = changes;
  if (!change?.transition) throw new EventixError("BOOKING_NOT_CANCELLABLE", { status: booking.status });
  await appendFacts(tx, publish);
  return { booking: viewOf(change.after), released };
}
