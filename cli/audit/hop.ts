import { setTimeout as sleep } from "node:timers/promises";
import type { Admin } from "kafkajs";
import type { Pool } from "pg";
import { KAFKA_TOPICS, type Topic } from "#contracts/topics.ts";
import type { Databases } from "./money.ts";
import { isPublished, newestOutboxId } from "./outbox.repository.ts";

/** The facts that move money and bookings towards each other, and who applies them. */
const WAYS: readonly { topic: Topic; group: string }[] = [
  { topic: KAFKA_TOPICS.PAYMENT_SUCCESS, group: "eventix.booking.payment-result" },
  { topic: KAFKA_TOPICS.BOOKING_REFUND_DUE, group: "eventix.payment.refund-due" },
];

const LOOK_MS = 200;

/**
 * Waits until everything that was committed in both databases when this was called has been published, and what was published
 * has been applied. Returns false when that has not happened by `deadline` (epoch ms).
 *
 * What is still as it was after that is not on its way any more. What has changed may have set off more: another hop.
 */
export async function passHop(databases: Databases, kafka: Admin, deadline: number): Promise<boolean> {
  for (const pool of [databases.booking, databases.payment]) {
    if (!(await untilPublished(pool, deadline))) return false;
  }
  for (const { topic, group } of WAYS) {
    const offsets = await kafka.fetchTopicOffsets(topic);
    const ends = new Map(offsets.flatMap(({ partition, low, high }) => (low === high ? [] : [[partition, high]])));
    if (!(await until(() => hasApplied(kafka, group, topic, ends), deadline))) return false;
  }
  return true;
}

/** Waits until everything that is in the outbox now has been published; false when it is not by `deadline` (epoch ms). */
export async function untilPublished(pool: Pool, deadline: number): Promise<boolean> {
  const newest = await newestOutboxId(pool);
  return until(() => isPublished(pool, newest), deadline);
}

/** Whether the group is past these offsets. */
async function hasApplied(kafka: Admin, groupId: string, topic: Topic, ends: Map<number, string>): Promise<boolean> {
  const [committed] = await kafka.fetchOffsets({ groupId, topics: [topic] });
  const offsets = new Map(committed?.partitions.map(({ partition, offset }) => [partition, BigInt(offset)]));
  return [...ends].every(([partition, end]) => {
    return (offsets.get(partition) ?? -1n) >= BigInt(end);
  });
}

async function until(condition: () => Promise<boolean>, deadline: number): Promise<boolean> {
  while (!(await condition())) {
    if (Date.now() + LOOK_MS > deadline) return false;
    await sleep(LOOK_MS);
  }
  return true;
}
