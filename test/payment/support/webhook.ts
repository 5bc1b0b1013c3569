import { randomBytes, randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ReceiveEvent } from "#contracts/payment-event.ts";
import { signed, signedEvent } from "#stack/provider/deliveries.ts";
import type { Charge } from "#stack/provider/ledger.ts";
import { runProvider } from "#stack/provider/server.ts";
import type { PaymentProvider } from "../../../services/payment/payment.provider.ts";
import { receiveEvent } from "../../../services/payment/payment-events.ts";
import { webhookProvider } from "../../../services/payment/webhook.provider.ts";
import { until } from "../../support/until.ts";
import { aBooking, type Booking, created, openPayment } from "../fixture.ts";

export const newSecret = (): string => `whsec_${randomBytes(32).toString("base64")}`;

/** The stand-in for a provider, run by the test; `target` is where its events go, nowhere when absent. */
export async function runStandIn(secrets: readonly string[], target: () => string | undefined = () => undefined) {
  const folder = mkdtempSync(join(tmpdir(), "eventix-provider-"));
  const apiKey = `key_${randomUUID()}`;
  const file = join(folder, "ledger.jsonl");
  const provider = await runProvider({ file, apiKey, port: 0, secrets: () => secrets, target });
  return {
    ...provider,
    apiKey,
    file,
    async close() {
      await provider.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** What the gateway would make of a request with these headers and this body. */
export const received = ({ headers, body }: ReturnType<typeof signed>): ReceiveEvent => ({
  "webhook-id": headers["webhook-id"],
  "webhook-timestamp": headers["webhook-timestamp"],
  "webhook-signature": headers["webhook-signature"],
  payload: body.toString("base64"),
});

/** Payment with the webhook provider, whose events the test carries by hand. */
export async function openWebhook(change: (real: PaymentProvider) => PaymentProvider = (p) => p) {
  const secret = newSecret();
  const standIn = await runStandIn([secret]);
  const { url: apiUrl, apiKey, ledger } = standIn;
  const payment = await openPayment({}, () => change(webhookProvider({ apiUrl, apiKey })));
  const logged: string[] = [];
  const logger = { error: (line: string) => logged.push(line) } as never;
  const receive = (event: ReceiveEvent) =>
    receiveEvent({ pool: payment.pool, secrets: { current: [secret] }, logger, onSettled: () => {} }, event);
  return {
    ...payment,
    secret,
    standIn,
    logged,
    receive,
    /** Any event under an id of its own, or under the one given. */
    tell: (event: object, id = `evt_${randomUUID()}`) => receive(received(signed(id, event, [secret]))),
    /** What the provider would send of a charge that is over. */
    tellOf: (charge: Charge) => receive(received(signedEvent(charge, [secret]))),
    /** A booking whose charge waits for its buyer. */
    async opened(booking: Booking = aBooking(), wish: Parameters<typeof created>[1] = {}): Promise<Charge> {
      await payment.deliver("created", created(booking, wish));
      return until(
        async () => {
          const [row] = await payment.rows(`select payment_id from attempts a join payments p on p.id = a.payment_id
          where p.booking_id = '${booking.bookingId}' and checkout_url is not null`);
          return row && ledger.find(`${row.payment_id}:1`);
        },
        { what: "a charge that waits for its buyer" },
      );
    },
    /** Lets what waits be asked about now. */
    askNow: () => payment.rows("update attempts set lease_until = now() where state = 'CHARGING'"),
    async close() {
      await payment.close();
      await standIn.close();
    },
  };
}

export type Webhook = Awaited<ReturnType<typeof openWebhook>>;
