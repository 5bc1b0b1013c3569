import { type Context, type Endpoint, Strategies } from "moleculer";

/** A node serves its own calls when it can; else the others take turns. */
export class LocalFirstStrategy extends Strategies.RoundRobin {
  override select(list: Endpoint[], _ctx?: Context): Endpoint {
    return list.find((endpoint) => endpoint.local) ?? super.select(list);
  }
}
