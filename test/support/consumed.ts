import assert from "node:assert/strict";
import { createKafka } from "#broker/kafka.client.ts";
import { until } from "./until.ts";

/** Waits until every group of ours, or each of these, has consumed what its topics hold. */
export async function untilConsumed(wanted = /^eventix\.(booking|payment)\./): Promise<void> {
  const brokers = (process.env.KAFKA_BROKERS ?? "").split(",");
  const admin = createKafka({ brokers, clientId: "until-consumed" }).admin();
  await admin.connect();
  const { groups } = await admin.listGroups();
  const ours = groups.map(({ groupId }) => groupId).filter((id) => wanted.test(id));
  assert(ours.length > 0);
  await until(
    async () => {
      for (const groupId of ours) {
        for (const { topic, partitions } of await admin.fetchOffsets({ groupId })) {
          const ends = await admin.fetchTopicOffsets(topic);
          const behind = partitions.some(({ partition, offset }) => {
            const last = ends.find((end) => end.partition === partition);
            return Number(offset) >= 0 && Number(offset) < Number(last?.high);
          });
          if (behind) return false;
        }
      }
      return true;
    },
    { what: "all consumers to catch up" },
  );
  await admin.disconnect();
}
