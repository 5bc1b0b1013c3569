import type { Logger, Middleware, ServiceBroker } from "moleculer";
import { Opener } from "../transit-seal/opener.ts";
import { clusterKey, Sealer } from "../transit-seal/seal.ts";

type Send = (topic: string, data: Buffer, meta: { packet: { type: string; target?: string | null } }) => Promise<void>;
type Receive = (type: string, data: Buffer, ...rest: unknown[]) => unknown;

const REMIND_MS = 60_000;

/**
 * Encrypts and signs every packet between nodes with the cluster's key, and drops what is not sealed with it.
 *
 * Instead of Moleculer's own Encryption, which takes one initialization vector for all packets and no mode that would notice a
 * change: whoever writes to Kafka could turn bits in a call, and send it again as often as they like.
 */
export function TransitSealMiddleware(transitKey: string): Middleware {
  const cluster = clusterKey(transitKey);
  const sealer = new Sealer(cluster);
  const opener = new Opener(cluster);
  let broker: ServiceBroker;
  let refusals: RefusalLog;
  return {
    name: "TransitSeal",
    created(created: ServiceBroker) {
      broker = created;
      refusals = new RefusalLog(created.getLogger("transit-seal"));
    },
    transporterSend(next: Send): Send {
      return (topic, data, meta) => {
        const { type, target = null } = meta.packet;
        return next(topic, sealer.seal(data, { namespace: broker.namespace, type, target }), meta);
      };
    },
    transporterReceive(next: Receive): Receive {
      return (type, data, ...rest) => {
        const opened = opener.open(data, { namespace: broker.namespace, type, target: broker.nodeID });
        if ("content" in opened) return next(type, opened.content, ...rest);
        refusals.add(type, opened.refused);
        return undefined;
      };
    },
  } as unknown as Middleware;
}

/** Says the first refusal, and how many more there were at most once a minute: a node without the key sends one a second. */
class RefusalLog {
  readonly #logger: Logger;
  #saidAt = Number.NEGATIVE_INFINITY;
  #unsaid = 0;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  add(type: string, why: string): void {
    const now = performance.now();
    if (now - this.#saidAt < REMIND_MS) {
      this.#unsaid++;
      return;
    }
    const more = this.#unsaid > 0 ? ` (and ${this.#unsaid} more since)` : "";
    this.#logger.warn(`Refused a packet ${type}${more}: ${why}.`);
    this.#saidAt = now;
    this.#unsaid = 0;
  }
}
