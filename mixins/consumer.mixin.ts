import type { ServiceSchema } from "moleculer";
import { healthOf } from "#broker/node-health.ts";
import type { ConsumerFactory } from "./batch-consumer.ts";
import { FactConsumer } from "./fact-consumer.ts";
import { factsClient } from "./facts-client.ts";

/** By service and not in the closure: one schema may run on two nodes of a process. */
const running = new WeakMap<object, FactConsumer[]>();

/**
 * Runs a consumer of facts while the service runs. May be mixed in several times. List it before OutboxMixin and
 * DatabaseMixin: Moleculer stops mixins in the order in which they are listed.
 */
export function ConsumerMixin(options: { service: string; consumer: ConsumerFactory }): Partial<ServiceSchema> {
  return {
    started() {
      const consumer = options.consumer(this as never);
      const context = { pool: this.pool, consumer, name: `${options.service}.${consumer.name}` };
      const feed = new FactConsumer(factsClient(context.name, this.logger), context, this.logger, () =>
        this.wakeRelay?.(),
      );
      running.set(this, [...(running.get(this) ?? []), feed]);
      healthOf(this.broker).add(feed);
      feed.start();
    },
    // All of the service's consumers at once: one after another they would outlast the node when Kafka does not answer.
    async stopped() {
      const feeds = running.get(this) ?? [];
      running.delete(this);
      for (const feed of feeds) healthOf(this.broker).remove(feed);
      await Promise.all(feeds.map((feed) => feed.stop()));
    },
  };
}
