import type { ServiceBroker, ServiceSchema } from "moleculer";
import type { NodeHealth } from "#contracts/health.ts";
import { KafkaHealth } from "./kafka-health.ts";

const nodes = new WeakMap<ServiceBroker, KafkaHealth>();

/** Lets a service tell the health of the node it runs on, as `<service>.health`, and watches the node's Kafka. */
export function HealthMixin(): Partial<ServiceSchema> {
  return {
    actions: {
      health: {
        access: "ops:read",
        handler(): Promise<NodeHealth> {
          return ofNode(this.broker).tell();
        },
      },
    },
    started() {
      ofNode(this.broker).open();
    },
    async stopped() {
      await ofNode(this.broker).close();
    },
  } as Partial<ServiceSchema>;
}

function ofNode(broker: ServiceBroker): KafkaHealth {
  const known = nodes.get(broker) ?? new KafkaHealth(broker);
  nodes.set(broker, known);
  return known;
}
