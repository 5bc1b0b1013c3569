import { Discoverers, type ServiceBroker } from "moleculer";

const LOOK_MS = 500;
/** A look so late comes from a process that stood still itself, and has not read yet what the others said meanwhile. */
const LATE_MS = 1_500;

/**
 * Moleculer's local discoverer, which looks for silent nodes twice a second and not once every heartbeatTimeout: a node that
 * was killed is missed after three to four and a half seconds, well before calls to it would time out. A process that stood
 * still does not take its own silence for that of all others: it gives them time anew.
 */
export class PromptDiscoverer extends Discoverers.Local {
  #looking: NodeJS.Timeout | undefined;
  #lookedAt = performance.now();

  override init(registry: ServiceBroker["registry"]): void {
    super.init(registry);
    this.#looking = setInterval(() => this.checkRemoteNodes(), LOOK_MS).unref();
  }

  override checkRemoteNodes(): void {
    const sinceMs = performance.now() - this.#lookedAt;
    this.#lookedAt += sinceMs;
    if (sinceMs < LATE_MS) super.checkRemoteNodes();
    else this.#hearAll();
  }

  #hearAll(): void {
    const now = Math.round(process.uptime());
    for (const node of this.broker.registry.nodes.toArray()) node.lastHeartbeatTime = now;
  }

  override async stop(): Promise<void> {
    clearInterval(this.#looking);
    await super.stop();
  }
}
