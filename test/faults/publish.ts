import { createKafka } from "#broker/kafka.client.ts";
import type { World } from "./world.ts";

export interface Told {
  topic: string;
  key: string;
  value: string | null;
}

/** Publishes records past our services, as anybody who may write to Kafka could. */
export async function publish(world: World, records: readonly Told[]): Promise<void> {
  const producer = createKafka({ brokers: world.brokers(), clientId: "faults" }).producer();
  await producer.connect();
  try {
    const topicMessages = [...Map.groupBy(records, ({ topic }) => topic)].map(([topic, some]) => ({
      topic,
      messages: some.map(({ key, value }) => ({ key, value })),
    }));
    await producer.sendBatch({ topicMessages });
  } finally {
    await producer.disconnect();
  }
}
