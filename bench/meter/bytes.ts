import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { TOPIC_DEFINITIONS } from "#contracts/topics.ts";
import type { World } from "../world.ts";
import type { Readings } from "./metered.ts";

const FACTS = new Set(TOPIC_DEFINITIONS.map(({ name }) => name));

/**
 * Bytes by where they go: Postgres' write-ahead log, Kafka's logs of facts and of calls, and the loopback, on which all that
 * processes say to one another is seen once. What else runs on the machine is in the last. Linux only.
 */
export async function readBytes(world: World): Promise<Readings> {
  const { rows } = await world.db.query("select pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::float8 as wal");
  return { wal: rows[0].wal, ...kafkaBytes(join(world.home, "kafka/data")), loopback: loopbackBytes() };
}

function kafkaBytes(folder: string): { facts: number; calls: number } {
  const bytes = { facts: 0, calls: 0 };
  for (const name of readdirSync(folder)) {
    const topic = /^(.+)-\d+$/.exec(name)?.[1];
    if (topic === undefined || topic.startsWith("__")) continue;
    bytes[FACTS.has(topic) ? "facts" : "calls"] += logBytes(join(folder, name));
  }
  return bytes;
}

/** Kafka may remove a file, or a whole topic, while it is looked at. */
function logBytes(folder: string): number {
  try {
    const logs = readdirSync(folder).filter((file) => file.endsWith(".log"));
    return logs.reduce((sum, file) => sum + statSync(join(folder, file)).size, 0);
  } catch {
    return 0;
  }
}

function loopbackBytes(): number {
  const sent = /^ *lo: *\d+(?: +\d+){7} +(\d+)/m.exec(readFileSync("/proc/net/dev", "utf8"))?.[1];
  return Number(sent);
}
