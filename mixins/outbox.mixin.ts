import type { ServiceSchema } from "moleculer";
import { isChosen } from "#broker/chosen.ts";
import { metricsOf } from "#broker/node-metrics.ts";
import { FactPublisher } from "./fact-publisher.ts";
import { factsClient } from "./facts-client.ts";
import { countWaiting } from "./outbox.repository.ts";
import { Relay } from "./relay.ts";

/**
 * Relays the outbox of `this.pool`'s database to Kafka while the service runs, and gives the service `this.wakeRelay()`, to be
 * called after each commit that wrote facts. List it before DatabaseMixin: Moleculer stops mixins in the order in which they
 * are listed.
 */
export function OutboxMixin(): Partial<ServiceSchema> {
  const running = new WeakMap<object, Relay>();
  return {
    methods: {
      wakeRelay() {
        running.get(this)?.wake();
      },
    },
    started() {
      const publisher = new FactPublisher(factsClient(`${this.name}.relay`, this.logger), this.logger);
      const relay = new Relay(this.pool, publisher, this.logger, () => isChosen(this.broker, `${this.name}.health`));
      running.set(this, relay);
      relay.start();
      const { name, pool } = this;
      metricsOf(this.broker).add("eventix_outbox_facts", async () => [
        { value: await countWaiting(pool), labels: { service: name } },
      ]);
    },
    async stopped() {
      await running.get(this)?.stop();
      running.delete(this);
    },
  };
}
