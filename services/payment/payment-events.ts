import type { Logger } from "moleculer";
import type { Pool } from "pg";
import { EventixError } from "#contracts/errors.ts";
import { type EventReceipt, PAYMENT_EVENT, type PaymentEvent, type ReceiveEvent } from "#contracts/payment-event.ts";
import { compile } from "#contracts/schema.ts";
import { transaction } from "#mixins/transaction.ts";
import { attemptOf } from "./charge-key.ts";
import type { Final } from "./payment.provider.ts";
import { lockPayments } from "./payment.repository.ts";
import { noteEvent, type ProviderEvent } from "./provider-event.repository.ts";
import { persist, type Settled, settleIn } from "./settlement.ts";
import { WEBHOOK_PROVIDER } from "./webhook.provider.ts";
import type { WebhookSecrets } from "./webhook-secrets.ts";
import { checkSignature } from "./webhook-signature.ts";

export interface EventOptions {
  pool: Pool;
  secrets: Pick<WebhookSecrets, "current">;
  logger: Logger;
  /** Called after each commit that wrote facts. */
  onSettled: () => void;
}

const checked = compile(PAYMENT_EVENT);

/**
 * Applies what the provider tells of a charge, once an event. Nothing is believed before its signature is checked, and no owner,
 * booking or price is taken from it: only which of our charges it is about, and what was taken.
 *
 * Throws SIGNATURE_INVALID, SIGNATURE_STALE, VALIDATION_ERROR for what is no event, and PAYMENT_NOT_FOUND, retryable, for a
 * charge that is none of ours: the provider sends it again for as long as it does, and keeps what it could not deliver.
 */
export async function receiveEvent({ pool, secrets, logger, onSettled }: EventOptions, said: ReceiveEvent) {
  const body = Buffer.from(said.payload, "base64");
  const { "webhook-id": id = "", "webhook-timestamp": timestamp = "", "webhook-signature": signature = "" } = said;
  if (id === "") throw new EventixError("SIGNATURE_INVALID");
  checkSignature({ id, timestamp, body }, signature, secrets.current);
  const receipt: EventReceipt = { id };
  const event = eventIn(body);
  if (!event) return receipt;
  const settled = settledBy(event);
  if (!settled || !(await apply(pool, { provider: WEBHOOK_PROVIDER, eventId: id }, settled))) {
    logger.error(
      `event ${id} is of the charge ${event.data.key}, which is none of ours: was it made on another database?`,
    );
    throw new EventixError("PAYMENT_NOT_FOUND", undefined, "There is no payment with this charge.");
  }
  onSettled();
  return receipt;
}

/** undefined for an event of a type that is not looked at. */
function eventIn(body: Buffer): PaymentEvent | undefined {
  let value: unknown;
  try {
    value = JSON.parse(body.toString("utf8"));
  } catch {
    throw new EventixError("VALIDATION_ERROR", { errors: [{ field: "body", message: "is not JSON" }] });
  }
  const { type } = (value ?? {}) as { type?: unknown };
  if (typeof type === "string" && !(type in RESULTS)) return undefined;
  const result = checked(value);
  if (!result.ok) throw new EventixError("VALIDATION_ERROR", { errors: result.problems });
  return result.value;
}

const RESULTS: Record<string, (data: PaymentEvent["data"]) => Final> = Object.assign(Object.create(null), {
  "charge.succeeded": ({ providerRef, amountMinor, currency }) => ({
    state: "TAKEN",
    providerRef,
    amountMinor,
    currency,
  }),
  "charge.failed": ({ reason }) => ({ state: "DECLINED", reason: reason ?? "DECLINED" }),
} satisfies typeof RESULTS);

function settledBy({ type, data }: PaymentEvent): Settled | undefined {
  const job = attemptOf(data.key);
  const result = RESULTS[type]?.(data);
  return job && result ? { job, result } : undefined;
}

/** False when there is no such payment: then the event is not noted either, and may come again. */
async function apply(pool: Pool, event: ProviderEvent, settled: Settled): Promise<boolean> {
  const { paymentId } = settled.job;
  return persist(() =>
    transaction(pool, async (tx) => {
      const payment = (await lockPayments(tx, [paymentId])).get(paymentId);
      if (!payment?.eventId) return false;
      if (await noteEvent(tx, event)) await settleIn(tx, event.provider, [settled]);
      return true;
    }),
  );
}
