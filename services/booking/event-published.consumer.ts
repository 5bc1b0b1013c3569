import { KAFKA_TOPICS } from "#contracts/topics.ts";
import type { BatchConsumer } from "#mixins/batch-consumer.ts";
import { recordEvents } from "./inventory.repository.ts";

/** An event goes on sale or changes its terms: writes that down, for the provisioner to fetch its seats. */
export function eventPublishedConsumer(onRecorded: () => void): BatchConsumer<"event.published"> {
  return {
    name: "event-published",
    topics: [KAFKA_TOPICS.EVENT_PUBLISHED],
    dedupe: "version",
    async apply(tx, facts) {
      await recordEvents(
        tx,
        facts.map((fact) => fact.data),
      );
      return { publish: [] };
    },
    committed: onRecorded,
  };
}
