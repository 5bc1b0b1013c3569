import { EventixError } from "#contracts/errors.ts";
import { FAILURE_REASON, PROVIDER_REF } from "#contracts/payment-event.ts";
import { compile, currency, type Infer, minor } from "#contracts/schema.ts";
import type { ChargeRequest, Final, PaymentProvider, Pending } from "./payment.provider.ts";

export const WEBHOOK_PROVIDER = "webhook";

export interface WebhookOptions {
  apiUrl: string;
  apiKey: string;
}

/** A charge as the provider's API answers it. */
const CHARGE = {
  state: { type: "enum", values: ["PENDING", "TAKEN", "DECLINED", "STOPPED"] },
  providerRef: { type: "string", pattern: PROVIDER_REF },
  amountMinor: minor,
  currency,
  reason: { type: "string", pattern: FAILURE_REASON, optional: true },
  /** Only of the web: it is shown to buyers, who follow it. */
  checkoutUrl: { type: "string", pattern: /^https?:\/\/[!-~]{1,2000}$/, optional: true },
} as const;
const checked = compile(CHARGE);

/** The answers to a refund that say no; whatever else is no 200 may be another answer next time. */
const REFUSED = new Set([404, 409, 422]);

/**
 * A payment provider with a page of its own: a charge is opened by its API, the buyer pays at `checkoutUrl`, and the result
 * comes as a signed event to POST /webhooks/payments (payment-events.ts). Its API is asked what became of a charge when
 * nothing came.
 */
export function webhookProvider({ apiUrl, apiKey }: WebhookOptions): PaymentProvider {
  const base = apiUrl.replace(/\/+$/, "");
  const ask = (method: string, path: string, signal: AbortSignal, body?: object) =>
    fetch(`${base}${path}`, {
      method,
      signal,
      redirect: "error",
      headers: { authorization: `Bearer ${apiKey}`, ...(body && { "content-type": "application/json" }) },
      ...(body && { body: JSON.stringify(body) }),
    });
  return {
    name: WEBHOOK_PROVIDER,
    async charge(request, signal) {
      return chargeIn(await ask("POST", "/charges", signal, opening(request)));
    },
    async inspect(key, signal) {
      const response = await ask("GET", pathOf(key), signal);
      if (response.status !== 404) return chargeIn(response);
      await response.body?.cancel();
      return { state: "UNKNOWN" };
    },
    async stop(request, signal) {
      const charge = await chargeIn(await ask("POST", `${pathOf(request.key)}/stop`, signal, opening(request)));
      if (charge.state === "PENDING")
        throw new EventixError("SERVICE_UNAVAILABLE", undefined, "It is not stopped yet.");
      return charge;
    },
    async refund(request, signal) {
      const response = await ask("POST", "/refunds", signal, request);
      await response.body?.cancel();
      if (!response.ok && !REFUSED.has(response.status)) throw noAnswer(response);
      return response.ok;
    },
    async close() {},
  };
}

const pathOf = (key: string) => `/charges/${encodeURIComponent(key)}`;

/** No name, user or seat: the provider needs none to take the money. */
const opening = ({ key, bookingId, amountMinor, currency, expiresAt }: ChargeRequest) => ({
  key,
  bookingId,
  amountMinor,
  currency,
  expiresAt,
});

async function chargeIn(response: Response): Promise<Final | Pending> {
  if (!response.ok) {
    await response.body?.cancel();
    throw noAnswer(response);
  }
  const result = checked(await response.json());
  if (!result.ok) {
    const fields = result.problems.map(({ field, message }) => `${field}: ${message}`).join(", ");
    throw new EventixError("SERVICE_UNAVAILABLE", undefined, `The provider's answer is not a charge: ${fields}`);
  }
  return stateOf(result.value);
}

function stateOf({
  state,
  providerRef,
  amountMinor,
  currency,
  reason,
  checkoutUrl,
}: Infer<typeof CHARGE>): Final | Pending {
  switch (state) {
    case "TAKEN":
      return { state, providerRef, amountMinor, currency };
    case "DECLINED":
      return { state, reason: reason ?? "DECLINED" };
    case "STOPPED":
      return { state };
    case "PENDING":
      return { state, ...(checkoutUrl !== undefined && { checkoutUrl }) };
  }
}

const noAnswer = ({ status }: Response) =>
  new EventixError("SERVICE_UNAVAILABLE", undefined, `The provider answered ${status}.`);
