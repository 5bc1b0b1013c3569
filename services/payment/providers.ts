import { config } from "#config";
import { EventixError } from "#contracts/errors.ts";
import { mockProvider } from "./mock.provider.ts";
import type { PaymentProvider } from "./payment.provider.ts";
import { WEBHOOK_PROVIDER, webhookProvider } from "./webhook.provider.ts";

type Name = typeof config.paymentProvider;

/** By PAYMENT_PROVIDER, which captures are called by. */
const MAKE: Record<Name, () => PaymentProvider> = {
  mock: () =>
    mockProvider({
      databaseUrl: config.paymentDatabaseUrl,
      successRate: config.paymentSuccessRate,
      neverRate: config.paymentNeverRate,
      delayMs: config.paymentDelayMs,
      seed: config.paymentSeed,
    }),
  [WEBHOOK_PROVIDER]() {
    const { paymentApiUrl: apiUrl, paymentApiKey: apiKey } = config;
    if (apiUrl !== "" && apiKey !== "") return webhookProvider({ apiUrl, apiKey });
    throw new TypeError(`The provider "webhook" needs PAYMENT_API_URL and PAYMENT_API_KEY. ${FILLED_IN}`);
  },
};
const FILLED_IN = "npm start fills them in for development.";

/** The provider that charges, and those that did before it: each gives back what it took. */
export class Providers {
  readonly #made = new Map<string, PaymentProvider>();

  /** The one that PAYMENT_PROVIDER names. Throws TypeError for one that lacks a setting. */
  get current(): PaymentProvider {
    const name = config.paymentProvider;
    const hasSecrets = config.paymentWebhookSecrets.length > 0 || config.paymentWebhookSecretsFile !== "";
    if (name === WEBHOOK_PROVIDER && !hasSecrets) {
      throw new TypeError(`PAYMENT_PROVIDER=${name} needs PAYMENT_WEBHOOK_SECRETS or its file. ${FILLED_IN}`);
    }
    return this.#provider(name);
  }

  /** The one that took a capture, by the name that the capture gives. Throws when it is not known, or lacks a setting. */
  of(name: string): PaymentProvider {
    if (Object.hasOwn(MAKE, name)) return this.#provider(name as Name);
    throw new EventixError("INTERNAL_ERROR", undefined, `There is no payment provider "${name}".`);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#made.values()].map((provider) => provider.close()));
  }

  #provider(name: Name): PaymentProvider {
    const provider = this.#made.get(name) ?? MAKE[name]();
    this.#made.set(name, provider);
    return provider;
  }
}
