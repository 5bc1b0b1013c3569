import assert from "node:assert/strict";
import { afterEach, before, beforeEach, describe, test } from "node:test";
import { asText, exitCodeOf } from "../../cli/audit/report.ts";
import { catchUp, giveBack, makeWorld, type World } from "./support/world.ts";

let world: World;
before(catchUp);
beforeEach(async () => {
  world = await makeWorld();
});
afterEach(() => world.close());

describe("the audit does not decide", () => {
  test("on a refund that a worker has in hand", async () => {
    const { captureId, providerRef } = await world.refunded();
    await world.payment.query("delete from mock_ledger where refund_of = $1", [providerRef]);
    await world.payment.query("update captures set status = 'REFUND_DUE' where id = $1", [captureId]);
    const report = await world.audit(1_000);
    assert.equal(exitCodeOf(report), 2, asText(report));
    assert.match(asText(report), /undecided: capture .* is to be given back, and is not yet/);
  });

  test("on a payment whose fact has not been published", async () => {
    const { bookingId } = await world.confirmed();
    await world.booking.query("delete from booking_items where booking_id = $1", [bookingId]);
    await world.booking.query("delete from seat_inventory where booking_id = $1", [bookingId]);
    await world.booking.query("delete from bookings where id = $1", [bookingId]);
    await world.payment.query("insert into outbox (topic, key, value) values ('payment.success', 'k', 'v')");
    const report = await world.audit(1_000);
    assert.equal(exitCodeOf(report), 2, asText(report));
    assert.equal(report.I3.undecided.length, 1);
  });
});

test("what comes right while the audit looks again is no violation", async () => {
  const told = await world.refunded();
  await world.payment.query("delete from mock_ledger where refund_of = $1", [told.providerRef]);
  await world.payment.query("update captures set status = 'REFUND_DUE' where id = $1", [told.captureId]);
  const auditing = world.audit();
  // The first look is over when its connections are there: the refund then comes between two looks, or before them.
  await giveBack(world.payment, told);
  const report = await auditing;
  assert.equal(exitCodeOf(report), 0, asText(report));
});
