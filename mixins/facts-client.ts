import type { Kafka } from "kafkajs";
import type { Logger } from "moleculer";
import { createKafka, kafkaAccess } from "#broker/kafka.client.ts";
import { config } from "#config";

/**
 * A Kafka client for a service's relay and consumers. They say themselves when Kafka is away and when it is back, once;
 * what kafkajs says at each of its retries is for debugging.
 */
export function factsClient(clientId: string, logger: Logger): Kafka {
  const debug = (...args: unknown[]) => logger.debug(...args);
  return createKafka({ ...kafkaAccess(config), clientId: `eventix-${clientId}`, logger: { debug, warn: debug } });
}
