import { hash } from "node:crypto";
import { type Context, type Endpoint, Strategies } from "moleculer";
import { elsewhere } from "./elsewhere.ts";
import { LocalFirstStrategy } from "./local-first.strategy.ts";

/** What an action says to get it: `strategy: BY_EVENT`. A name and no class, since only names reach the calling nodes. */
export const BY_EVENT = "ByEvent";

/**
 * All calls for one event go to one node, so that one actor sees them: rendezvous hashing of `params.eventId` over the
 * endpoints offered in this call (Thaler and Ravishankar, 1998). Every node chooses alike without talking to another; when a
 * node leaves only its own events move, and a newcomer takes only its share. A call that is made again goes where it would
 * go if the first node had left. Without an eventId: local first.
 */
export class ByEventStrategy extends LocalFirstStrategy {
  override select(list: Endpoint[], ctx?: Context): Endpoint {
    const eventId = (ctx?.params as { eventId?: unknown } | null | undefined)?.eventId;
    if (typeof eventId !== "string") return super.select(list, ctx);
    return highest(elsewhere(list, ctx), eventId.toLowerCase());
  }
}

/** The one of a list, not empty, that everybody who knows the same list and key takes. */
export function highest<Node extends { id: string }>(list: readonly Node[], key: string): Node {
  let best: Node | undefined;
  let bestScore = "";
  for (const endpoint of list) {
    const score = hash("md5", `${endpoint.id}\n${key}`);
    if (score > bestScore) {
      best = endpoint;
      bestScore = score;
    }
  }
  return best as Node;
}

Strategies.register(BY_EVENT, ByEventStrategy as unknown as InstanceType<typeof Strategies.Base>);
