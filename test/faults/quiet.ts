import type { Admin } from "kafkajs";
import pg from "pg";
import { createKafka } from "#broker/kafka.client.ts";
import { DATABASE_SERVICES } from "#stack/postgres/databases.ts";
import { until } from "../support/until.ts";
import type { World } from "./world.ts";

/** Beyond that a run did not heal. */
const QUIET_MS = 60_000;
const OURS = /^eventix\.(booking|payment)\./;

/** Waits until nothing is on its way: every outbox empty, every fact consumed, no booking of these events open. */
export async function untilQuiet(world: World, eventIds: readonly string[]): Promise<void> {
  const admin = createKafka({ brokers: world.brokers(), clientId: "faults-quiet" }).admin();
  await admin.connect();
  try {
    await until(async () => (await restless(world, admin, eventIds)) === undefined, {
      what: "the run to be quiet",
      ms: QUIET_MS,
    }).catch(async (error: Error) => {
      throw new Error(`${error.message}: ${await restless(world, admin, eventIds).catch(String)}`);
    });
  } finally {
    await admin.disconnect();
  }
}

/** What is still on its way. */
async function restless(world: World, admin: Admin, eventIds: readonly string[]): Promise<string | undefined> {
  for (const service of DATABASE_SERVICES) {
    const [row] = await query<{ n: number }>(world.url(service), "select count(*)::int as n from outbox");
    if (row && row.n > 0) return `${row.n} facts in the outbox of ${service}`;
  }
  const [open] = await query<{ n: number }>(
    world.url("booking"),
    "select count(*)::int as n from bookings where status = 'PENDING' and event_id = any($1::uuid[])",
    [eventIds],
  );
  if (open && open.n > 0) return `${open.n} bookings are PENDING`;
  return lagOf(admin);
}

async function lagOf(admin: Admin): Promise<string | undefined> {
  const { groups } = await admin.listGroups();
  for (const { groupId } of groups.filter((group) => OURS.test(group.groupId))) {
    for (const { topic, partitions } of await admin.fetchOffsets({ groupId })) {
      const ends = new Map(
        (await admin.fetchTopicOffsets(topic)).map(({ partition, high }) => [partition, Number(high)]),
      );
      for (const { partition, offset } of partitions) {
        const behind = (ends.get(partition) ?? 0) - Math.max(Number(offset), 0);
        if (behind > 0) return `${groupId} is ${behind} behind in ${topic}/${partition}`;
      }
    }
  }
  return undefined;
}

async function query<T>(url: string, sql: string, values: unknown[] = []): Promise<T[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql, values)).rows as T[];
  } finally {
    await client.end();
  }
}
