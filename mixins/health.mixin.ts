import type { ServiceBroker, ServiceSchema } from "moleculer";
import { healthOf } from "#broker/node-health.ts";
import type { NodeHealth } from "#contracts/health.ts";
import type { NodeLoad } from "#contracts/load.ts";
import { KafkaHealth } from "./kafka-health.ts";

const nodes = new WeakMap<ServiceBroker, KafkaHealth>();

/**
 * Lets a service tell of the node it runs on, how it is as `<service>.health` and what it does as `<service>.load`, and watches
 * the node's Kafka.
 */
export function HealthMixin(): Partial<ServiceSchema> {
  return {
    actions: {
      health: {
        access: "ops:read",
        handler(): Promise<NodeHealth> {
          return ofNode(this.broker).tell();
        },
      },
      load: {
        access: "ops:read",
        handler(): NodeLoad {
          return loadOf(this.broker);
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

function loadOf(broker: ServiceBroker): NodeLoad {
  const { calls, actors } = healthOf(broker);
  const { user, system } = process.cpuUsage();
  const uptimeMs = Math.round(process.uptime() * 1_000);
  return {
    uptimeMs,
    calls,
    actors,
    memoryBytes: process.memoryUsage.rss(),
    cpuMs: Math.round((user + system) / 1_000),
  };
}
