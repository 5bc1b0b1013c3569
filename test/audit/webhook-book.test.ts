import assert from "node:assert/strict";
import { afterEach, before, beforeEach, describe, test } from "node:test";
import { exitCodeOf } from "../../cli/audit/report.ts";
import { newSecret, runStandIn } from "../payment/support/webhook.ts";
import { catchUp, makeWorld, type Told, type World } from "./support/world.ts";

let world: World;
let standIn: Awaited<ReturnType<typeof runStandIn>>;
before(catchUp);
beforeEach(async () => {
  world = await makeWorld();
  standIn = await runStandIn([newSecret()]);
});
afterEach(async () => {
  await world.close();
  await standIn.close();
});

const audit = () => world.audit(1_000, { apiUrl: standIn.url, apiKey: standIn.apiKey });

/** A booking that was paid through the webhook provider, `taken` being what its book says. */
async function paid(taken: { amountMinor?: number; currency?: string } = {}, told?: Told): Promise<Told> {
  const booking = told ?? (await world.confirmed());
  const { paymentId, bookingId, captureId } = booking;
  const charge = {
    key: `${paymentId}:1`,
    amountMinor: 5_000,
    currency: "EUR",
    bookingId,
    expiresAt: "2035-05-01T19:30:00Z",
  };
  const { providerRef } = standIn.ledger.end(standIn.ledger.open(charge), { state: "TAKEN", ...taken });
  await world.payment.query("delete from mock_ledger");
  await world.payment.query("update captures set provider = 'webhook', provider_ref = $2 where id = $1", [
    captureId,
    providerRef,
  ]);
  return { ...booking, providerRef };
}

test("captures that the provider's book has just so are well", async () => {
  const { captureId, providerRef } = await paid({}, await world.refunded());
  standIn.ledger.refund({ key: `${captureId}:refund`, providerRef, amountMinor: 5_000, currency: "EUR" });
  await paid();
  const report = await audit();
  assert.equal(exitCodeOf(report), 0, JSON.stringify(report.I4));
  assert.equal(report.I4.checked, 2);
});

describe("the audit asks the provider and sees", () => {
  const broken: [what: string, problem: RegExp, breakIt: () => Promise<unknown>][] = [
    [
      "that it took another amount",
      /is of 5000 EUR, the provider's charge of 4999 EUR/,
      () => paid({ amountMinor: 4_999 }),
    ],
    [
      "that it took another currency",
      /is of 5000 EUR, the provider's charge of 5000 CHF/,
      () => paid({ currency: "CHF" }),
    ],
    [
      "that it gave nothing back",
      /is REFUNDED, but the provider gave nothing back/,
      async () => paid({}, await world.refunded()),
    ],
    [
      "that it gave back what nobody asked for",
      /was given back although its booking is confirmed by it/,
      async () => {
        const { providerRef } = await paid();
        standIn.ledger.refund({ key: "other", providerRef, amountMinor: 5_000, currency: "EUR" });
      },
    ],
    [
      "that it does not know the charge",
      /is known, but the provider's charge is missing/,
      async () => {
        const { captureId } = await paid();
        await world.payment.query("update captures set provider_ref = 'ch_unheard_of' where id = $1", [captureId]);
      },
    ],
    [
      "that it took what payment does not know of",
      /of 700 EUR was taken by the provider, and payment does not know/,
      async () => {
        const charge = {
          key: "k:1",
          amountMinor: 700,
          currency: "EUR",
          bookingId: "b",
          expiresAt: "2035-05-01T19:30:00Z",
        };
        standIn.ledger.end(standIn.ledger.open(charge), { state: "TAKEN" });
      },
    ],
  ];
  for (const [what, problem, breakIt] of broken) {
    test(what, async () => {
      await breakIt();
      const { I4 } = await audit();
      assert.ok(
        I4.violations.some((finding) => problem.test(finding.problem)),
        JSON.stringify(I4),
      );
    });
  }
});

test("without knowing where the provider can be asked, it says so instead of finding all well", async () => {
  await paid();
  await assert.rejects(world.audit(), /captures of the provider "webhook", which cannot be asked: set PAYMENT_API_URL/);
  await assert.rejects(world.audit(0, { apiUrl: standIn.url, apiKey: "wrong" }), /answered 401/);
  await assert.rejects(world.audit(0, { apiUrl: "http://127.0.0.1:1", apiKey: "k" }), /cannot be reached/);
});
