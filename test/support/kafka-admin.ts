import type { Admin } from "kafkajs";
import { createKafka } from "#broker/kafka.client.ts";

/** What `work` finds out of a Kafka, or does to it, as its administrator; that of this test run when no other is named. */
export async function withAdmin<T>(
  work: (admin: Admin) => Promise<T>,
  brokers: string[] = (process.env.KAFKA_BROKERS ?? "").split(","),
): Promise<T> {
  const admin = createKafka({ brokers, clientId: "test" }).admin();
  await admin.connect();
  return work(admin).finally(() => admin.disconnect());
}
