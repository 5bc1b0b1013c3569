import { type Context, type Endpoint, Strategies } from "moleculer";
import { elsewhere } from "./elsewhere.ts";

/** A node serves its own calls when it can; else the others take turns. */
export class LocalFirstStrategy extends Strategies.RoundRobin {
  override select(list: Endpoint[], ctx?: Context): Endpoint {
    const offered = elsewhere(list, ctx);
    return offered.find((endpoint) => endpoint.local) ?? super.select(offered);
  }
}
