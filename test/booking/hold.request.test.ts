import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { CREATE_BOOKING, type CreateBooking } from "#contracts/booking.ts";
import type { Call } from "#contracts/caller.ts";
import { compile } from "#contracts/schema.ts";
import { toHold } from "../../services/booking/hold.request.ts";

const check = compile(CREATE_BOOKING);

/** A request as it reaches the service: its body checked, and its ids made lower case. */
function request(seatIds: string[], from = "here"): Call<CreateBooking> {
  const body = check({ eventId: randomUUID(), seatIds });
  assert(body.ok, JSON.stringify(body));
  const meta = { user: { id: "alice", organizer: "alice", scopes: [] } };
  return { params: body.value, meta, nodeID: from, broker: { nodeID: "here" } } as never;
}

test("one seat named in upper and in lower case is refused, not held and paid for twice", () => {
  const seatId = randomUUID();
  assert.throws(() => toHold(request([seatId, seatId.toUpperCase()])), {
    type: "VALIDATION_ERROR",
    data: { errors: [{ field: "seatIds", message: "must not name a seat twice" }] },
  });
});

test("a hold names its seats in the order in which they are locked", () => {
  const seatIds = [randomUUID(), randomUUID(), randomUUID()];
  assert.deepEqual(toHold(request(seatIds.toReversed())).hold.seatIds, seatIds.toSorted());
});

test("a hold tells whether it came from another node", () => {
  const remote = ["here", "gateway-1"].map((from) => toHold(request([randomUUID()], from)).hold.remote);
  assert.deepEqual(remote, [false, true]);
});
