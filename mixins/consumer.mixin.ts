import type { ServiceSchema } from "moleculer";
import type { ConsumerFactory } from "./batch-consumer.ts";
import { FactConsumer } from "./fact-consumer.ts";
import { factsClient } from "./facts-client.ts";

/**
 * Runs a consumer of facts while the service runs. May be mixed in several times. List it before OutboxMixin and
 * DatabaseMixin: Moleculer stops mixins in the order in which they are listed.
 */
export function ConsumerMixin(options: { service: string; consumer: ConsumerFactory }): Partial<ServiceSchema> {
  // By service and not in the closure: one schema may run on two nodes of a process.
  const running = new WeakMap<object, FactConsumer>();
  return {
    started() {
      const consumer = options.consumer(this as never);
      const context = { pool: this.pool, consumer, name: `${options.service}.${consumer.name}` };
      const feed = new FactConsumer(factsClient(context.name, this.logger), context, this.logger, () =>
        this.wakeRelay?.(),
      );
      running.set(this, feed);
      feed.start();
    },
    async stopped() {
      await running.get(this)?.stop();
      running.delete(this);
    },
  };
}
