import { fileURLToPath } from "node:url";
import { logFile } from "../home.ts";
import { startDetached } from "../process.ts";
import type { StackServer } from "../server.ts";
import { StackError } from "../stack-error.ts";
import { apiKey, webhookSecrets, webhookSecretsFile } from "./secrets.ts";

const urlOf = (port: number | undefined) => `http://127.0.0.1:${port}`;

/** Stands in for a payment provider with a page of its own in development; runs where PAYMENT_PROVIDER asks for one. */
export const provider: StackServer = {
  name: "provider",
  title: "the stand-in for a payment provider",
  given: ["PAYMENT_API_URL", "PAYMENT_API_KEY"],
  isWanted: ({ PAYMENT_PROVIDER }) => PAYMENT_PROVIDER === "webhook",
  ports: ["provider"],
  stopSignal: "SIGTERM",
  async launch({ home, ports }) {
    apiKey(home);
    webhookSecrets(home);
    const main = fileURLToPath(new URL("main.ts", import.meta.url));
    const args = ["--max-old-space-size=128", main, home, String(ports.provider)];
    return startDetached({ command: process.execPath, args, log: logFile(home, "provider") });
  },
  async check({ ports }, { home }) {
    const response = await fetch(`${urlOf(ports.provider)}/charges?limit=1`, {
      headers: { authorization: `Bearer ${apiKey(home)}` },
      signal: AbortSignal.timeout(1_000),
    });
    if (!response.ok) throw new StackError("The stand-in for a payment provider has another home's key.");
  },
  environment: ({ ports }, { home }) => ({
    PAYMENT_PROVIDER: "webhook",
    PAYMENT_API_URL: urlOf(ports.provider),
    PAYMENT_API_KEY: apiKey(home),
    PAYMENT_WEBHOOK_SECRETS_FILE: webhookSecretsFile(home),
  }),
};
