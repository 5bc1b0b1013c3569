import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { afterEach, beforeEach, describe, test } from "node:test";
import { signed } from "#stack/provider/deliveries.ts";
import type { Charge } from "#stack/provider/ledger.ts";
import { findByBooking } from "../../services/payment/payment.repository.ts";
import { forgetEvents } from "../../services/payment/provider-event.repository.ts";
import { aBooking, announcedOn, created, expired } from "./fixture.ts";
import { newSecret, openWebhook, received, type Webhook } from "./support/webhook.ts";

let payment: Webhook;
beforeEach(async () => {
  payment = await openWebhook();
  payment.start();
});
afterEach(() => payment.close());

const types = async () => (await payment.announced()).map((fact) => fact.type);
const statuses = async () => (await payment.rows("select status from payments")).map((row) => row.status);
const states = async () => (await payment.rows("select state from attempts order by number")).map((row) => row.state);
const dataOf = ({ key, providerRef, amountMinor, currency }: Charge) => ({ key, providerRef, amountMinor, currency });
const event = (type: string, data: object) => ({ type, timestamp: new Date().toISOString(), data });
const refused = (type: string) => (error: { type?: string }) => error.type === type;

test("a result is applied once, however often its event comes, all at the same time too", async () => {
  const charge = payment.standIn.ledger.end(await payment.opened(), { state: "TAKEN" });
  const answers = await Promise.all(Array.from({ length: 10 }, () => payment.tellOf(charge)));
  answers.push(await payment.tellOf(charge));
  assert.deepEqual([...new Set(answers.map(({ id }) => id))], [charge.event?.id]);
  assert.deepEqual(await types(), ["payment.success"]);
  const [capture] = await payment.rows("select provider, provider_ref, amount_minor::int, currency from captures");
  assert.deepEqual(capture, {
    provider: "webhook",
    provider_ref: charge.providerRef,
    amount_minor: 4_200,
    currency: "EUR",
  });
  assert.deepEqual([await statuses(), await states()], [["SUCCEEDED"], ["TAKEN"]]);
  assert.equal((await payment.rows("select from provider_events")).length, 1);
});

test("the same result under another event's id changes nothing", async () => {
  const charge = payment.standIn.ledger.end(await payment.opened(), { state: "TAKEN" });
  const told = event("charge.succeeded", dataOf(charge));
  await Promise.all([payment.tell(told), payment.tell(told), payment.tell(told)]);
  await payment.tell(told);
  assert.deepEqual(await types(), ["payment.success"]);
  assert.equal((await payment.rows("select from captures")).length, 1);
});

test("an event counts by its id: what comes under it again is not looked at, whatever it says", async () => {
  const data = dataOf(await payment.opened());
  await payment.tell(event("charge.failed", { ...data, reason: "CARD_DECLINED" }), "evt_1");
  await payment.tell(event("charge.succeeded", data), "evt_1");
  assert.deepEqual(await types(), ["payment.failed"]);
});

describe("nothing is believed of what is not known to come from the provider, and now:", () => {
  const ways: [what: string, type: string, secretOf: (own: string) => string, agoMs: number][] = [
    ["what another secret signed", "SIGNATURE_INVALID", newSecret, 0],
    ["what was signed more than five minutes ago", "SIGNATURE_STALE", (own) => own, 301_000],
  ];
  for (const [what, type, secretOf, agoMs] of ways) {
    test(what, async () => {
      const told = event("charge.succeeded", dataOf(await payment.opened()));
      const sent = received(signed("evt_1", told, [secretOf(payment.secret)], Date.now() - agoMs));
      await assert.rejects(payment.receive(sent), refused(type));
      assert.deepEqual([await types(), await payment.rows("select from provider_events")], [[], []]);
    });
  }
});

test("money that was taken after the charge had failed is announced, for booking to say what becomes of it", async () => {
  const data = dataOf(await payment.opened());
  await payment.tell(event("charge.failed", { ...data, reason: "CARD_DECLINED" }));
  assert.deepEqual([await types(), await statuses()], [["payment.failed"], ["FAILED"]]);
  await payment.tell(event("charge.succeeded", data));
  assert.deepEqual(await types(), ["payment.failed", "payment.success"]);
  assert.deepEqual([await statuses(), await states()], [["SUCCEEDED"], ["TAKEN"]]);
});

test("a charge that failed after its money was taken stays taken", async () => {
  const data = dataOf(await payment.opened());
  await payment.tell(event("charge.succeeded", data));
  await payment.tell(event("charge.failed", { ...data, reason: "CARD_DECLINED" }));
  assert.deepEqual(await types(), ["payment.success"]);
  assert.deepEqual([await statuses(), await states()], [["SUCCEEDED"], ["TAKEN"]]);
});

test("both results of one charge at the same moment: the money is announced once, whoever is first", async () => {
  const charges = await Promise.all(Array.from({ length: 12 }, () => payment.opened()));
  await Promise.all(
    charges.map(dataOf).flatMap((data, i) => {
      const both = [event("charge.succeeded", data), event("charge.failed", { ...data, reason: "CARD_DECLINED" })];
      return (i % 2 ? both.reverse() : both).map((one) => payment.tell(one));
    }),
  );
  assert.equal((await announcedOn(payment, "payment.success")).length, 12);
  assert.deepEqual([...new Set(await statuses())], ["SUCCEEDED"]);
});

test("what was taken is announced as it was taken, be it another amount or currency than was asked for", async () => {
  const [more, francs] = [dataOf(await payment.opened()), dataOf(await payment.opened())];
  await payment.tell(event("charge.succeeded", { ...more, amountMinor: 4_300 }));
  await payment.tell(event("charge.succeeded", { ...francs, currency: "CHF" }));
  assert.deepEqual(
    (await announcedOn(payment, "payment.success")).map(({ data }) => [data.amountMinor, data.currency]),
    [
      [4_300, "EUR"],
      [4_200, "CHF"],
    ],
  );
});

test("a booking, an owner or a price that an event names is not looked at", async () => {
  const booking = aBooking();
  const data = dataOf(await payment.opened(booking));
  const others = { bookingId: randomUUID(), userId: "mallory", eventId: randomUUID(), totalMinor: 1 };
  await payment.tell({ ...event("charge.succeeded", { ...data, ...others }), ...others });
  const [success] = await announcedOn(payment, "payment.success");
  assert.deepEqual([success?.subject, success?.data.eventId], [booking.bookingId, booking.eventId]);
});

test("money that comes for a booking that is over is announced all the same", async () => {
  const booking = aBooking();
  const charge = payment.standIn.ledger.end(await payment.opened(booking), { state: "TAKEN" });
  await payment.stop();
  await payment.deliver("ended", expired(booking));
  await payment.tellOf(charge);
  assert.deepEqual(await types(), ["payment.success"]);
});

describe("a charge that is none of ours is refused, to be told again, and noted nowhere:", () => {
  const keys: [what: string, key: () => string | Promise<string>][] = [
    ["of no payment", () => `${randomUUID()}:1`],
    ["of another form", () => "order-4711"],
    ["of no attempt", () => `${randomUUID()}:0`],
    [
      "of a booking that ended before it was known",
      async () => {
        await payment.deliver("ended", expired(aBooking()));
        return `${(await payment.rows("select id from payments"))[0].id}:1`;
      },
    ],
  ];
  for (const [what, key] of keys) {
    test(what, async () => {
      const data = { key: await key(), providerRef: "ch_1", amountMinor: 1, currency: "EUR" };
      await assert.rejects(payment.tell(event("charge.succeeded", data)), refused("PAYMENT_NOT_FOUND"));
      assert.deepEqual(await payment.rows("select from provider_events"), []);
      assert.equal(payment.logged.length, 1);
    });
  }

  test("but the same event is applied once its booking is known", async () => {
    const booking = aBooking();
    await payment.stop();
    await payment.deliver("ended", expired(booking));
    const [{ id }] = await payment.rows("select id from payments");
    const told = event("charge.succeeded", {
      key: `${id}:1`,
      providerRef: "ch_1",
      amountMinor: 4_200,
      currency: "EUR",
    });
    await assert.rejects(payment.tell(told, "evt_1"), refused("PAYMENT_NOT_FOUND"));
    await payment.deliver("created", created(booking));
    await payment.tell(told, "evt_1");
    assert.deepEqual(await types(), ["payment.success"]);
  });
});

describe("what is signed and is no event is refused as such:", () => {
  const bodies: [what: string, body: unknown][] = [
    ["a list", []],
    ["null", null],
    ["no type", {}],
    ["no data", { type: "charge.succeeded", timestamp: "2027-09-01T19:30:00Z" }],
    [
      "an amount with a fraction",
      event("charge.succeeded", { ...{ key: "k", providerRef: "r", currency: "EUR" }, amountMinor: 1.5 }),
    ],
    [
      "an amount as text",
      event("charge.succeeded", { ...{ key: "k", providerRef: "r", currency: "EUR" }, amountMinor: "1" }),
    ],
    ["no currency", event("charge.succeeded", { key: "k", providerRef: "r", amountMinor: 1 })],
    [
      "a reference with a NUL",
      event("charge.succeeded", { key: "k", providerRef: "r\0", amountMinor: 1, currency: "EUR" }),
    ],
  ];
  for (const [what, body] of bodies) {
    test(what, () => assert.rejects(payment.tell(body as object), refused("VALIDATION_ERROR")));
  }
});

test("an event of a type that nobody knows is taken, and changes nothing", async () => {
  for (const type of ["charge.disputed", "__proto__", "toString"]) await payment.tell({ type, data: [] });
  assert.deepEqual(await types(), []);
});

test("events are forgotten after thirty days, a thousand at a time", async () => {
  await payment.rows(`
    insert into provider_events (provider, event_id, received_at)
    select 'webhook', 'old-' || n, now() - interval '30 days 1 hour' from generate_series(1, 1500) n
    union all select 'webhook', 'young', now() - interval '29 days 23 hours'`);
  assert.equal(await forgetEvents(payment.pool), 1_500);
  assert.deepEqual(await payment.rows("select event_id from provider_events"), [{ event_id: "young" }]);
  assert.equal(await forgetEvents(payment.pool, new Date(Date.now() + 7_200_000)), 1);
});

test("the owner sees where to pay until it is paid", async () => {
  const booking = aBooking();
  const charge = await payment.opened(booking);
  const seen = async () => (await findByBooking(payment.pool, booking.bookingId, "alice"))?.checkoutUrl;
  assert.equal(await seen(), `${payment.standIn.url}/pay/${charge.providerRef}`);
  await payment.tellOf(payment.standIn.ledger.end(charge, { state: "TAKEN" }));
  assert.equal(await seen(), null);
});
