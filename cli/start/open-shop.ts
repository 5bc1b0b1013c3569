import { signToken } from "#stack/issuer/token.ts";
import type { Say } from "#stack/progress.ts";
import { ApiClient, operatorToken } from "../api.client.ts";
import { seed } from "../seed/seed.ts";
import { welcome } from "./welcome.ts";

interface Shop {
  home: string;
  /** Of a gateway. */
  url: string;
  /** Whether nodes run all services. */
  complete: boolean;
  say: Say;
}

/** Fills the shop on the first start, and returns what shows the way in. */
export async function openShop({ home, url, complete, say }: Shop): Promise<string> {
  const local = !process.env.AUTH_JWKS_URI;
  if (complete && local) {
    say("Putting the sample events on sale …");
    await seed(new ApiClient({ url, token: operatorToken(home) }), say);
  }
  const token = local ? signToken(home, "alice") : undefined;
  return complete ? welcome(url, token) : `Eventix is ready: ${url}\n`;
}
