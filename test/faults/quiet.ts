import type { Admin } from "kafkajs";
import { connected, DATABASE_SERVICES } from "#stack/postgres/databases.ts";
import { withAdmin } from "../support/kafka-admin.ts";
import { groupsLike, lagsOf, OUR_GROUPS } from "../support/lag.ts";
import { until } from "../support/until.ts";
import type { World } from "./world.ts";

/** Beyond that a run did not heal. */
const QUIET_MS = 60_000;

/** Waits until nothing is on its way: every outbox empty, every fact consumed, no booking of these events open. */
export function untilQuiet(world: World, eventIds: readonly string[]): Promise<void> {
  return withAdmin(async (admin) => {
    await until(async () => (await restless(world, admin, eventIds)) === undefined, {
      what: "the run to be quiet",
      ms: QUIET_MS,
    }).catch(async (error: Error) => {
      throw new Error(`${error.message}: ${await restless(world, admin, eventIds).catch(String)}`);
    });
  }, world.brokers());
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
  const [lag] = await lagsOf(admin, await groupsLike(admin, OUR_GROUPS));
  return lag && `${lag.groupId} is at ${lag.offset} of ${lag.end} in ${lag.topic}/${lag.partition}`;
}

const query = <T>(url: string, sql: string, values: unknown[] = []): Promise<T[]> =>
  connected(url, async (client) => (await client.query(sql, values)).rows as T[]);
