import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { kafkaOf } from "#stack/kafka/topics.ts";
import { signed, signedEvent } from "#stack/provider/deliveries.ts";
import type { Charge } from "#stack/provider/ledger.ts";
import { audit } from "../../cli/audit/audit.ts";
import { asText, exitCodeOf } from "../../cli/audit/report.ts";
import { signatureOf } from "../../services/payment/webhook-signature.ts";
import { newSecret } from "../payment/support/webhook.ts";
import { until } from "../support/until.ts";
import { openWebhookShop, type WebhookShop } from "./support/webhook-shop.ts";

let open: WebhookShop;
before(async () => {
  open = await openWebhookShop();
});
after(() => open.close());

/** One seat on sale, held by alice, whose charge waits for her. */
async function held(holdSeconds = 600) {
  const { id: eventId, seatIds } = await open.shop.putOnSale(1, { holdSeconds });
  const booking = await open.shop.hold("alice", eventId, seatIds);
  return { eventId, seatIds, booking, charge: await open.charge("alice", booking) };
}

/** Puts a request to the webhook's address, as anybody could. */
async function post({ headers, body }: { headers: Record<string, string>; body: Buffer | string }) {
  const init = { method: "POST", headers, body: typeof body === "string" ? body : new Uint8Array(body) };
  const response = await fetch(`${open.node.url}/webhooks/payments`, init);
  const { data, error } = (await response.json()) as { data?: { id: string }; error?: { code: string } };
  return { status: response.status, code: error?.code, id: data?.id };
}
const eventOf = (charge: Charge, change: object = {}) => {
  const { key, providerRef, amountMinor, currency } = charge;
  const data = { key, providerRef, amountMinor, currency, ...change };
  return { type: "charge.succeeded", timestamp: new Date().toISOString(), data };
};
const ledgerOf = ({ key }: Charge) => open.standIn.ledger.find(key) as Charge;
const untilRun = (at: string) => sleep(Math.max(0, Date.parse(at) - Date.now()));

test("a buyer is sent to a page, pays there, and has the ticket", async () => {
  const { booking, charge } = await held();
  assert.equal((await open.shop.booking("alice", booking.id)).data.status, "PENDING");
  const { checkoutUrl } = (await open.shop.payment("alice", booking.id)).data;
  assert.equal((await open.shop.payment("mallory", booking.id)).status, 404);
  await fetch(`${checkoutUrl}/pay`, { method: "POST", redirect: "manual" });
  const ended = await open.shop.untilEnded("alice", booking.id);
  assert.equal(ended.status, "CONFIRMED");
  assert.ok(ended.ticketReference);
  const { data } = await open.shop.payment("alice", booking.id);
  assert.deepEqual([data.status, data.checkoutUrl, data.captures.length], ["SUCCEEDED", null, 1]);
  await until(() => ledgerOf(charge).event?.delivered, { what: "the event to be answered" });
});

test("a buyer who is declined loses the seat, which is sold again", async () => {
  const { booking, charge, eventId, seatIds } = await held();
  open.end(charge, { state: "DECLINED", reason: "CARD_DECLINED" });
  const { status, reason } = await open.shop.untilEnded("alice", booking.id);
  assert.deepEqual([status, reason], ["CANCELLED", "PAYMENT_FAILED"]);
  assert.equal((await open.shop.payment("alice", booking.id)).data.reason, "CARD_DECLINED");
  await open.shop.hold("bob", eventId, seatIds);
});

test("paid at the deadline, a hair before or after it, a booking ends with the ticket or with the money back", async () => {
  const { id, seatIds } = await open.shop.putOnSale(15, { holdSeconds: 4 });
  const bookings = await Promise.all(seatIds.map((seatId) => open.shop.hold("alice", id, [seatId])));
  const charges = await Promise.all(bookings.map((booking) => open.charge("alice", booking)));
  const paid = await Promise.all(
    bookings.map(async ({ expiresAt }, i) => {
      const offsetMs = -50 + (i % 5) * 25;
      await untilRun(new Date(Date.parse(expiresAt) + offsetMs).toISOString());
      return open.end(charges[i] as Charge, { state: "TAKEN" });
    }),
  );
  for (const [i, booking] of bookings.entries()) {
    const { state } = paid[i] as Charge;
    await open.shop.untilEnded("alice", booking.id);
    // Whoever was stopped before could pay, was not charged.
    if (state === "STOPPED") continue;
    assert.equal(state, "TAKEN");
    const what = await until(
      async () => {
        const [{ data: seen }, { data: payment }] = [
          await open.shop.booking("alice", booking.id),
          await open.shop.payment("alice", booking.id),
        ];
        const statuses = payment.captures.map((capture) => capture.status).join();
        const done = { CONFIRMED: "CAPTURED", CANCELLED: "REFUNDED", PENDING: "" }[seen.status];
        return statuses === done && seen.status;
      },
      { what: "a ticket or the money back" },
    );
    assert.equal(Boolean(ledgerOf(charges[i] as Charge).refund), what === "CANCELLED");
  }
});

test("a charge whose answer is lost, and its event too, is found by asking once the provider's silence is over", async () => {
  const { id, seatIds } = await open.shop.putOnSale(1);
  const before = open.standIn.ledger.taken("", 1_000).length;
  open.tell(false);
  open.loseAnswers(true);
  const booking = await open.shop.hold("alice", id, seatIds);
  const paymentId = await until(async () => (await open.shop.payment("alice", booking.id)).data?.id, {
    what: "a payment",
  });
  const charge = await until(() => open.standIn.ledger.find(`${paymentId}:1`), { what: "the charge to be opened" });
  open.end(charge, { state: "TAKEN" });
  open.loseAnswers(false);
  assert.equal((await open.shop.untilEnded("alice", booking.id, 30_000)).status, "CONFIRMED");
  open.tell(true);
  await until(() => ledgerOf(charge).event?.delivered, { what: "the event, which is late", ms: 30_000 });
  const { captures } = (await open.shop.payment("alice", booking.id)).data;
  assert.equal(captures.length, 1);
  assert.equal(open.standIn.ledger.taken("", 1_000).length, before + 1);
});

describe("a result that comes late, when the seats are", () => {
  /** Paid while nobody could stop the charge, and told when all is over. */
  async function paidLate(between: (eventId: string, seatIds: string[]) => Promise<unknown>) {
    const { booking, charge, eventId, seatIds } = await held(3);
    await open.reachable(false);
    const { reason } = await open.shop.untilEnded("alice", booking.id);
    assert.equal(reason, "EXPIRED");
    await between(eventId, seatIds);
    assert.equal(open.end(charge, { state: "TAKEN" }).state, "TAKEN");
    return { booking, charge };
  }

  test("free: they are taken back, and the buyer has the ticket", async () => {
    const { booking, charge } = await paidLate(async () => {});
    await until(async () => (await open.shop.booking("alice", booking.id)).data.status === "CONFIRMED", {
      what: "the seats to be taken back",
    });
    await open.reachable(true);
    await open.untilCaptures("alice", booking.id, "CAPTURED");
    assert.equal(ledgerOf(charge).refund, undefined);
  });

  test("gone: the money goes back, as soon as the provider can be asked", async () => {
    const { booking, charge } = await paidLate((eventId, seatIds) => open.shop.hold("bob", eventId, seatIds));
    await open.untilCaptures("alice", booking.id, "REFUND_DUE");
    await open.reachable(true);
    await open.untilCaptures("alice", booking.id, "REFUNDED");
    assert.equal(ledgerOf(charge).refund?.amountMinor, 1_000);
    assert.equal((await open.shop.booking("alice", booking.id)).data.status, "CANCELLED");
  });
});

test("a booking that is never paid expires, and its page takes no money any more", async () => {
  const { booking, charge } = await held(3);
  const { status, reason } = await open.shop.untilEnded("alice", booking.id);
  assert.deepEqual([status, reason], ["CANCELLED", "EXPIRED"]);
  await until(() => ledgerOf(charge).state === "STOPPED", { what: "the charge to be stopped" });
  assert.equal(open.end(ledgerOf(charge), { state: "TAKEN" }).state, "STOPPED");
  const { data } = await open.shop.payment("alice", booking.id);
  assert.deepEqual([data.captures, data.checkoutUrl], [[], null]);
});

for (const [what, wrong] of [
  ["another amount", { amountMinor: 999 }],
  ["another currency", { currency: "CHF" }],
] as const) {
  test(`${what} than is owed is given back, and buys nothing`, async () => {
    const { booking, charge } = await held();
    open.end(charge, { state: "TAKEN", ...wrong });
    await open.untilCaptures("alice", booking.id, "REFUNDED");
    assert.equal((await open.shop.booking("alice", booking.id)).data.status, "PENDING");
    assert.equal(ledgerOf(charge).refund?.amountMinor, ledgerOf(charge).amountMinor);
  });
}

test("told as failed and then as paid, a charge is given back: the seats may be another's by then", async () => {
  const { booking, charge } = await held();
  open.tell(false);
  open.end(charge, { state: "TAKEN" });
  const failed = { ...eventOf(charge, { reason: "CARD_DECLINED" }), type: "charge.failed" };
  assert.equal((await post(signed("evt_wrong", failed, open.secrets))).status, 200);
  assert.equal((await open.shop.untilEnded("alice", booking.id)).reason, "PAYMENT_FAILED");
  open.tell(true);
  await open.untilCaptures("alice", booking.id, "REFUNDED");
});

test("told as paid and then as failed, a booking keeps its ticket", async () => {
  const { booking, charge } = await held();
  open.end(charge, { state: "TAKEN" });
  await open.shop.untilEnded("alice", booking.id);
  const failed = { ...eventOf(charge, { reason: "CARD_DECLINED" }), type: "charge.failed" };
  assert.equal((await post(signed("evt_late", failed, open.secrets))).status, 200);
  const { data } = await open.shop.payment("alice", booking.id);
  assert.deepEqual([data.status, data.captures.map(({ status }) => status)], ["SUCCEEDED", ["CAPTURED"]]);
});

test("told ten times at once, under one id or ten, a result confirms once and takes one capture", async () => {
  const { booking, charge } = await held();
  open.tell(false);
  const ended = open.end(charge, { state: "TAKEN" });
  const repeats = Array.from({ length: 10 }, () => signedEvent(ended, open.secrets));
  const others = Array.from({ length: 10 }, (_, i) =>
    signed(`evt_${charge.providerRef}_${i}`, eventOf(ended), open.secrets),
  );
  const answers = await Promise.all([...repeats, ...others].map(post));
  assert.deepEqual([...new Set(answers.map(({ status }) => status))], [200]);
  open.tell(true);
  assert.equal((await open.shop.untilEnded("alice", booking.id)).status, "CONFIRMED");
  const captures = await open.untilCaptures("alice", booking.id, "CAPTURED");
  assert.equal(captures.length, 1);
});

describe("what is not the provider's word changes nothing:", () => {
  const cases: [what: string, answer: [number, string], make: (charge: Charge) => Parameters<typeof post>[0]][] = [
    [
      "a secret of somebody else",
      [403, "SIGNATURE_INVALID"],
      (charge) => signed("evt_1", eventOf(charge), [newSecret()]),
    ],
    [
      "a body that was changed on the way",
      [403, "SIGNATURE_INVALID"],
      (charge) => ({
        headers: signed("evt_1", eventOf(charge), open.secrets).headers,
        body: JSON.stringify(eventOf(charge, { amountMinor: 1 })),
      }),
    ],
    [
      "a body that means the same in other bytes",
      [403, "SIGNATURE_INVALID"],
      (charge) => {
        const { headers, body } = signed("evt_1", eventOf(charge), open.secrets);
        return { headers, body: JSON.stringify(JSON.parse(body.toString()), null, 1) };
      },
    ],
    [
      "no signature",
      [403, "SIGNATURE_INVALID"],
      (charge) => ({ headers: { "content-type": "application/json" }, body: JSON.stringify(eventOf(charge)) }),
    ],
    [
      "an event of six minutes ago",
      [403, "SIGNATURE_STALE"],
      (charge) => signed("evt_1", eventOf(charge), open.secrets, Date.now() - 360_000),
    ],
    [
      "an event of six minutes from now",
      [403, "SIGNATURE_STALE"],
      (charge) => signed("evt_1", eventOf(charge), open.secrets, Date.now() + 360_000),
    ],
    [
      "a body of more than 64 kB",
      [413, "PAYLOAD_TOO_LARGE"],
      (charge) => signed("evt_1", eventOf(charge, { padding: "x".repeat(65_536) }), open.secrets),
    ],
    [
      "a charge of nobody",
      [404, "PAYMENT_NOT_FOUND"],
      (charge) => signed("evt_1", eventOf(charge, { key: "k:1" }), open.secrets),
    ],
  ];
  let pending: Awaited<ReturnType<typeof held>>;
  before(async () => {
    pending = await held();
  });
  for (const [what, [status, code], make] of cases) {
    test(what, async () => {
      const answer = await post(make(pending.charge));
      assert.deepEqual([answer.status, answer.code], [status, code]);
      const { data } = await open.shop.payment("alice", pending.booking.id);
      assert.deepEqual([data.status, data.captures], ["REQUESTED", []]);
    });
  }

  test("what is signed and is no JSON", async () => {
    for (const body of [Buffer.from("{"), Buffer.from([0xff, 0xfe, 0x00]), Buffer.alloc(0)]) {
      const timestamp = String(Math.floor(Date.now() / 1_000));
      const signature = signatureOf(open.secrets[0] as string, { id: "evt_1", timestamp, body });
      const headers = {
        "content-type": "application/json",
        "webhook-id": "evt_1",
        "webhook-timestamp": timestamp,
        "webhook-signature": signature,
      };
      const answer = await post({ headers, body });
      assert.deepEqual([answer.status, answer.code], [422, "VALIDATION_ERROR"]);
    }
  });
});

test("after all that the audit finds nothing wrong, and compares with the provider's own book", async () => {
  const report = await audit({
    bookingUrl: open.urls.DATABASE_URL_BOOKING,
    paymentUrl: open.urls.DATABASE_URL_PAYMENT,
    kafka: kafkaOf(process.env),
    provider: { apiUrl: open.standIn.url, apiKey: open.apiKey },
  });
  assert.equal(exitCodeOf(report), 0, asText(report));
  assert.ok(report.I4.checked >= 15, `${report.I4.checked} captures`);
});

test("secrets are changed while events come: with both known, each is taken; then the old one no longer", async () => {
  const [old, fresh] = [open.secrets[0] as string, newSecret()];
  const by = async (secret: string) => (await post(signed("evt_1", { type: "account.updated" }, [secret]))).status;
  assert.deepEqual([await by(old), await by(fresh)], [200, 403]);
  open.know(old, fresh);
  await until(async () => (await by(fresh)) === 200, { what: "the new secret to be known" });
  assert.equal(await by(old), 200);
  open.secrets.splice(0, 1, fresh);
  open.know(fresh);
  await until(async () => (await by(old)) === 403, { what: "the old secret to be forgotten" });
  const { booking, charge } = await held();
  open.end(charge, { state: "TAKEN" });
  assert.equal((await open.shop.untilEnded("alice", booking.id)).status, "CONFIRMED");
});
