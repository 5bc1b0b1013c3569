import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { planOf } from "../../services/payment/mock.provider.ts";
import { eventually } from "../facts/fixture.ts";
import { aBooking, created, expired, openPayment } from "./fixture.ts";

const OPTIONS = { databaseUrl: "", successRate: 0.7, neverRate: 0.1, delayMs: 0, seed: "1" };
const request = (userId: string, seatIds: string[], eventId = "e") => ({
  key: randomUUID(),
  bookingId: randomUUID(),
  eventId,
  seatIds,
  userId,
  amountMinor: 1,
  currency: "EUR",
  expiresAt: "2035-05-01T19:30:00.000Z",
});

test("the same buyer, seats and seed meet the same fate, in whatever order the seats are named", () => {
  for (let i = 0; i < 50; i++) {
    const plan = planOf(request(`u${i}`, ["a", "b"]), OPTIONS);
    assert.deepEqual(planOf(request(`u${i}`, ["b", "a"]), OPTIONS), plan);
  }
});

test("another seed, seat or buyer draws anew, at about the rates asked for", () => {
  const fates = Array.from({ length: 4_000 }, (_, i) => planOf(request(`u${i}`, [`s${i}`]), OPTIONS).planned);
  const share = (fate: string | null) => fates.filter((f) => f === fate).length / fates.length;
  assert.ok(Math.abs(share(null) - 0.1) < 0.03, `never ${share(null)}`);
  assert.ok(Math.abs(share("TAKEN") - 0.9 * 0.7) < 0.04, `taken ${share("TAKEN")}`);
  const others = Array.from(
    { length: 4_000 },
    (_, i) => planOf(request(`u${i}`, [`s${i}`]), { ...OPTIONS, seed: "2" }).planned,
  );
  assert.notDeepEqual(others, fates);
});

test("after a rush of payments, some declined, some unanswered, some voided, ledger and captures agree", async () => {
  const payment = await openPayment({ successRate: 0.6, neverRate: 0.2, delayMs: 30 });
  payment.start();
  const bookings = Array.from({ length: 120 }, (_, i) => aBooking(`buyer-${i}`));
  await payment.deliver("created", ...bookings.map((booking) => created(booking)));
  await payment.deliver("ended", ...bookings.slice(0, 40).map(expired));
  await eventually(async () => (await payment.rows("select from captures")).length > 20);
  await payment.deliver("ended", ...bookings.slice(40).map(expired));
  await eventually(
    async () => (await payment.rows("select from attempts where state in ('REQUESTED', 'CHARGING')")).length === 0,
  );
  await payment.stop();
  const taken = await payment.rows(
    "select provider_ref, amount_minor from mock_ledger where state = 'TAKEN' order by 1",
  );
  const captured = await payment.rows("select provider_ref, amount_minor from captures order by 1");
  assert.deepEqual(captured, taken);
  assert.deepEqual(await payment.rows("select from mock_ledger where state = 'PENDING'"), []);
  const successes = (await payment.announced()).filter((fact) => fact.type === "payment.success");
  assert.equal(successes.length, taken.length);
  await payment.close();
});
