import { Discoverers, type ServiceBroker } from "moleculer";

const LOOK_MS = 500;

/**
 * Moleculer's local discoverer, which looks for silent nodes twice a second and not once every heartbeatTimeout: a node that
 * was killed is missed after three to four and a half seconds, well before calls to it would time out.
 */
export class PromptDiscoverer extends Discoverers.Local {
  #looking: NodeJS.Timeout | undefined;

  override init(registry: ServiceBroker["registry"]): void {
    super.init(registry);
    this.#looking = setInterval(() => this.checkRemoteNodes(), LOOK_MS).unref();
  }

  override async stop(): Promise<void> {
    clearInterval(this.#looking);
    await super.stop();
  }
}
