import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { BookingResponse, PaymentResponse } from "#contracts/booking.ts";
import type { Charge, Result } from "#stack/provider/ledger.ts";
import { newSecret, runStandIn } from "../../payment/support/webhook.ts";
import { freshDatabase } from "../../support/database.ts";
import { startNode, type TestNode, untilReachable } from "../../support/node.ts";
import { TcpProxy } from "../../support/tcp-proxy.ts";
import { until } from "../../support/until.ts";
import { Shop } from "./shop.ts";

/** A node with all services on databases of its own, that takes payments through a provider with a page of its own. */
export async function openWebhookShop() {
  const folder = mkdtempSync(join(tmpdir(), "eventix-webhook-"));
  const secretsFile = join(folder, "secrets");
  const secrets = [newSecret()];
  const write = (...known: string[]) => writeFileSync(secretsFile, `${known.join("\n")}\n`);
  write(...secrets);
  let node: TestNode | undefined;
  /** Whether the provider reaches us. */
  let telling = true;
  const standIn = await runStandIn(secrets, () => (telling && node ? `${node.url}/webhooks/payments` : undefined));
  const way = await TcpProxy.to(new URL(standIn.url).host);
  const urls = {
    DATABASE_URL_CATALOG: await freshDatabase("catalog"),
    DATABASE_URL_BOOKING: await freshDatabase("booking"),
    DATABASE_URL_PAYMENT: await freshDatabase("payment"),
  };
  node = await startNode({
    env: {
      ...urls,
      PAYMENT_PROVIDER: "webhook",
      PAYMENT_API_URL: `http://127.0.0.1:${way.port}`,
      PAYMENT_API_KEY: standIn.apiKey,
      PAYMENT_WEBHOOK_SECRETS_FILE: secretsFile,
      RATE_LIMIT_PER_MINUTE: "1000000",
    },
  });
  await untilReachable(node);
  const shop = new Shop(node.url);
  const running = node;
  return {
    node,
    shop,
    standIn,
    secrets,
    urls,
    apiKey: standIn.apiKey,
    /** What the node's file of secrets holds from now on. */
    know: write,
    /** Whether the provider's events go out. */
    tell(on: boolean) {
      telling = on;
    },
    /** Whether the provider can be asked. */
    async reachable(on: boolean) {
      await way.refuse(!on);
      if (!on) way.cut();
    },
    /** Whether the provider's answers are lost on their way. */
    loseAnswers: (on: boolean) => way.dropReplies(on),
    /** The charge of a booking, when it waits for its buyer. */
    charge: (user: string, { id }: BookingResponse): Promise<Charge> =>
      until(
        async () => {
          const { checkoutUrl } = (await shop.payment(user, id)).data ?? {};
          return standIn.ledger.findByRef(checkoutUrl?.split("/").at(-1) ?? "");
        },
        { what: `booking ${id} to wait for its buyer` },
      ),
    /** As the buyer's click, or as a provider that takes something else. */
    end(charge: Charge, result: Result): Charge {
      const ended = standIn.ledger.end(charge, result);
      standIn.deliveries.add(ended);
      return ended;
    },
    /** Waits until a booking's captures are in the state asked for. */
    untilCaptures: (user: string, id: string, status: PaymentResponse["captures"][number]["status"]) =>
      until(
        async () => {
          const { captures = [] } = (await shop.payment(user, id)).data ?? {};
          return captures.length > 0 && captures.every((capture) => capture.status === status) ? captures : undefined;
        },
        { what: `the money for booking ${id} to be ${status}`, ms: 30_000 },
      ),
    async close() {
      await running.stop();
      await way.close();
      await standIn.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export type WebhookShop = Awaited<ReturnType<typeof openWebhookShop>>;
