import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { webhookProvider } from "../../services/payment/webhook.provider.ts";
import { eventually } from "../facts/fixture.ts";
import { aBooking, announcedOn, created, expired, firstOn, refundDue } from "./fixture.ts";
import { openWebhook, type Webhook } from "./support/webhook.ts";

let payment: Webhook;
afterEach(() => payment.close());

const attempts = () => payment.rows("select state, claims, checkout_url from attempts order by number");
const never = () => new Promise<never>(() => {});

test("a charge is opened once and then waits for its buyer, holding no worker", async () => {
  payment = await openWebhook();
  payment.start();
  const booking = aBooking();
  const charge = await payment.opened(booking);
  assert.deepEqual([charge.state, charge.amountMinor, charge.currency], ["PENDING", 4_200, "EUR"]);
  assert.equal(charge.bookingId, booking.bookingId);
  const [attempt] = await attempts();
  assert.deepEqual([attempt.state, attempt.claims], ["CHARGING", 1]);
  const [{ waits }] = await payment.rows("select lease_until > now() + interval '4 s' as waits from attempts");
  assert.equal(waits, true);
  assert.deepEqual(await payment.announced(), []);
});

test("more buyers than a node has workers are all sent to pay", async () => {
  payment = await openWebhook();
  payment.start();
  await payment.deliver("created", ...Array.from({ length: 600 }, () => created(aBooking())));
  await eventually(async () => (await attempts()).filter((attempt) => attempt.checkout_url !== null).length === 600);
});

test("a result whose event is lost is found by asking", async () => {
  payment = await openWebhook();
  payment.start();
  const [paid, declined] = [await payment.opened(), await payment.opened()];
  payment.standIn.ledger.end(paid, { state: "TAKEN" });
  payment.standIn.ledger.end(declined, { state: "DECLINED", reason: "NO_FUNDS" });
  await payment.askNow();
  await eventually(async () => (await payment.announced()).length === 2);
  assert.equal((await announcedOn(payment, "payment.success"))[0]?.subject, paid.bookingId);
  assert.equal((await announcedOn(payment, "payment.failed"))[0]?.data.reason, "NO_FUNDS");
});

test("an event that comes after its result was found by asking changes nothing", async () => {
  payment = await openWebhook();
  payment.start();
  const charge = payment.standIn.ledger.end(await payment.opened(), { state: "TAKEN" });
  await payment.askNow();
  await firstOn(payment, "payment.success");
  await payment.tellOf(charge);
  assert.equal((await payment.announced()).length, 1);
  assert.equal((await payment.rows("select from captures")).length, 1);
});

test("asked and told at the same moment, payment takes a result once", async () => {
  payment = await openWebhook();
  payment.start();
  const charges = await Promise.all(Array.from({ length: 20 }, () => payment.opened()));
  const ended = charges.map((charge) => payment.standIn.ledger.end(charge, { state: "TAKEN" }));
  await Promise.all([payment.askNow(), ...ended.map((charge) => payment.tellOf(charge))]);
  await eventually(async () => (await attempts()).every((attempt) => attempt.state === "TAKEN"));
  await payment.stop();
  assert.equal((await announcedOn(payment, "payment.success")).length, 20);
  assert.equal((await payment.rows("select from captures")).length, 20);
});

test("a charge whose answer is lost is found again under its key, and opened no second time", async () => {
  let calls = 0;
  payment = await openWebhook((real) => ({
    ...real,
    async charge(request, signal) {
      calls++;
      await real.charge(request, signal);
      throw new Error("connection reset");
    },
  }));
  payment.start();
  const charge = await payment.opened();
  assert.equal(calls, 1);
  payment.standIn.ledger.end(charge, { state: "TAKEN" });
  await payment.askNow();
  const success = await firstOn(payment, "payment.success");
  assert.equal(success?.data.amountMinor, 4_200);
  assert.equal((await attempts()).length, 1);
});

test("a charge that was taken before its answer was lost is announced by its event, without being asked for", async () => {
  payment = await openWebhook((real) => ({
    ...real,
    async charge(request, signal) {
      await real.charge(request, signal);
      return never();
    },
    inspect: never,
  }));
  payment.start();
  await payment.deliver("created", created(aBooking()));
  const [row] = await payment.rows("select id from payments");
  const key = `${row.id}:1`;
  await eventually(() => payment.standIn.ledger.find(key));
  const charge = payment.standIn.ledger.find(key);
  assert.ok(charge);
  await payment.tellOf(payment.standIn.ledger.end(charge, { state: "TAKEN" }));
  assert.equal((await announcedOn(payment, "payment.success")).length, 1);
  assert.deepEqual((await attempts())[0]?.state, "TAKEN");
});

test("a charge that nobody pays is stopped when its booking ends, and can never be paid", async () => {
  payment = await openWebhook();
  payment.start();
  const booking = aBooking();
  const charge = await payment.opened(booking);
  await payment.deliver("ended", expired(booking));
  await eventually(async () => (await attempts())[0]?.state === "STOPPED");
  const stopped = payment.standIn.ledger.find(charge.key);
  assert.ok(stopped);
  assert.equal(payment.standIn.ledger.end(stopped, { state: "TAKEN" }).state, "STOPPED");
  assert.deepEqual(await payment.rows("select status from payments"), [{ status: "VOIDED" }]);
  assert.deepEqual(await payment.announced(), []);
});

test("a charge that was paid just before it could be stopped is announced", async () => {
  payment = await openWebhook();
  payment.start();
  const booking = aBooking();
  const charge = await payment.opened(booking);
  payment.standIn.ledger.end(charge, { state: "TAKEN" });
  await payment.deliver("ended", expired(booking));
  const success = await firstOn(payment, "payment.success");
  assert.equal(success?.subject, booking.bookingId);
});

test("a charge that never reached the provider is stopped there before anybody says that it failed", async () => {
  payment = await openWebhook((real) => ({ ...real, charge: () => Promise.reject(new Error("connection refused")) }));
  const booking = aBooking();
  await payment.deliver("created", created(booking));
  payment.start();
  await eventually(async () => (await attempts())[0]?.claims > 0);
  await payment.deliver("ended", expired(booking));
  await eventually(async () => (await attempts())[0]?.state === "STOPPED");
  const [row] = await payment.rows("select id from payments");
  assert.equal(payment.standIn.ledger.find(`${row.id}:1`)?.state, "STOPPED");
});

test("money goes back once, though the answer to its refund is lost and the provider refuses another time", async () => {
  let calls = 0;
  payment = await openWebhook((real) => ({
    ...real,
    async refund(request, signal) {
      calls++;
      if (calls === 2) return false;
      const done = await real.refund(request, signal);
      if (calls === 1) throw new Error("connection reset");
      return done;
    },
  }));
  payment.start();
  const booking = aBooking();
  const charge = payment.standIn.ledger.end(await payment.opened(booking), { state: "TAKEN", amountMinor: 5_000 });
  await payment.tellOf(charge);
  const success = await firstOn(payment, "payment.success");
  assert.ok(success);
  await payment.deliver("refundDue", refundDue(booking, success));
  await eventually(async () => (await announcedOn(payment, "payment.refunded")).length === 1);
  assert.equal(calls, 3);
  const { refund } = payment.standIn.ledger.find(charge.key) ?? {};
  assert.deepEqual([refund?.key, refund?.amountMinor], [`${success.data.captureId}:refund`, 5_000]);
});

test("a provider that is away, or does not know us, is asked again, and nothing is taken for its word", async () => {
  payment = await openWebhook();
  const { signal } = new AbortController();

  const stranger = webhookProvider({ apiUrl: payment.standIn.url, apiKey: "key_of_nobody" });
  await assert.rejects(stranger.inspect("k:1", signal), { type: "SERVICE_UNAVAILABLE" });
  await assert.rejects(stranger.refund({ key: "r", providerRef: "ch_1", amountMinor: 1, currency: "EUR" }, signal), {
    type: "SERVICE_UNAVAILABLE",
  });
  const away = webhookProvider({ apiUrl: "http://127.0.0.1:1", apiKey: "k" });
  await assert.rejects(away.inspect("k:1", signal));
});
