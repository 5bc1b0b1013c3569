import { join } from "node:path";
import { gatewayUrl } from "../gateway.ts";
import { apiKey, providerFolder, webhookSecrets } from "./secrets.ts";
import { runProvider } from "./server.ts";

/** The process of the provider's stand-in: `node main.ts HOME PORT`. Events go to whatever gateway of the home runs. */
const [home = "", port = "0"] = process.argv.slice(2);

function target(): string | undefined {
  try {
    return `${gatewayUrl(home)}/webhooks/payments`;
  } catch {
    return undefined;
  }
}

await runProvider({
  file: join(providerFolder(home), "ledger.jsonl"),
  apiKey: apiKey(home),
  port: Number(port),
  secrets: () => webhookSecrets(home),
  target,
});
