import assert from "node:assert/strict";
import { v7 as uuidv7 } from "uuid";
import type { PendingHold } from "../../../services/booking/event.actor.ts";

/** The first request of a buyer who sends no key; one that is answered must say so in `over`, or the test fails. */
export const pendingHold = (eventId: string, seatIds: string[], over: Partial<PendingHold> = {}): PendingHold => ({
  eventId,
  seatIds,
  userId: "buyer",
  bookingId: uuidv7(),
  correlationId: "test",
  idempotency: null,
  deadline: Date.now() + 60_000,
  mayExist: false,
  refusable: true,
  remote: false,
  alone: false,
  notBefore: 0,
  resolve: () => assert.fail("it is granted"),
  reject: (error) => assert.fail(error),
  ...over,
});
