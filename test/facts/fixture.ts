import { randomUUID } from "node:crypto";
import { Kafka, type KafkaMessage, logLevel } from "kafkajs";
import type { Logger } from "moleculer";
import type { Pool } from "pg";
import { type NewFact, newFact } from "#contracts/events.ts";
import { createPool } from "#mixins/database.mixin.ts";
import type { FactRecord } from "#mixins/fact-record.ts";
import { freshDatabase } from "../support/database.ts";
import { until } from "../support/until.ts";

export const kafka = new Kafka({
  brokers: (process.env.KAFKA_BROKERS ?? "").split(","),
  logLevel: logLevel.NOTHING,
  retry: { retries: 3, initialRetryTime: 50 },
});

/** Moleculer's logger as far as the code under test uses it; `lines` holds what it was told. */
export function recordingLogger(): { lines: string[]; logger: Logger } {
  const lines: string[] = [];
  const levels = ["fatal", "error", "warn", "info", "debug", "trace"];
  const methods = levels.map((level) => [
    level,
    (...args: unknown[]) => lines.push(`${level} ${args.filter((arg) => typeof arg === "string").join(" ")}`),
  ]);
  return { lines, logger: Object.fromEntries(methods) };
}

/** A migrated database of its own, with the pool that services use. */
export async function openDatabase(): Promise<Pool> {
  const pool = createPool(await freshDatabase("payment"), "test");
  pool.on("error", () => {});
  return pool;
}

/** Waits for a condition; where it never comes true the error shows it. */
export const eventually = <T>(condition: () => T | Promise<T>) => until(condition, { what: String(condition) });

export async function makeTopic(name: string, settings: Record<string, string> = {}, partitions = 3): Promise<string> {
  const admin = kafka.admin();
  await admin.connect();
  const configEntries = Object.entries(settings).map(([key, value]) => ({ name: key, value }));
  await admin.createTopics({
    topics: [{ topic: name, numPartitions: partitions, configEntries }],
    waitForLeaders: true,
  });
  await admin.disconnect();
  return name;
}

/** The first `count` records of a topic, in the order in which they lie in their partitions. */
export async function readTopic(topic: string, count: number): Promise<(KafkaMessage & { partition: number })[]> {
  const consumer = kafka.consumer({ groupId: `test-${randomUUID()}`, maxWaitTimeInMs: 50 });
  const records: (KafkaMessage & { partition: number })[] = [];
  await consumer.connect();
  await consumer.subscribe({ topics: [topic], fromBeginning: true });
  await consumer.run({
    eachMessage: async ({ message, partition }) => {
      records.push({ ...message, partition });
    },
  });
  await eventually(() => records.length >= count);
  await consumer.disconnect();
  return records;
}

export function cancelled(bookingId: string = randomUUID(), bookingVersion = 2): NewFact<"booking.cancelled"> {
  const data = { bookingId, bookingVersion, eventId: randomUUID(), userId: "alice", reason: "BY_USER" };
  return newFact("booking.cancelled", "eventix/booking", bookingId, data, { correlationid: "c-1" });
}

let offset = 0;
/** A fact as a record of its topic. */
export const recordOf = (fact: NewFact): FactRecord => ({
  topic: fact.type,
  partition: 0,
  offset: String(offset++),
  key: Buffer.from(fact.subject),
  value: Buffer.from(JSON.stringify({ time: new Date().toISOString(), ...fact })),
});
