import { setTimeout as sleep } from "node:timers/promises";
import type pg from "pg";
import { connected, type DatabaseService } from "#stack/postgres/databases.ts";
import type { World } from "./world.ts";

const POLL_MS = 10;

/** The one value that a statement about a service's database answers with. */
export const ask = <T>(world: World, service: DatabaseService, sql: string, values: unknown[] = []): Promise<T> =>
  connected(world.adminUrl(service), (client) => value<T>(client, sql, values));

interface Question {
  sql: string;
  values?: unknown[];
  ms: number;
}

/** The same, again and again until it is true, not zero and not null, or time is over. */
export const askUntil = <T>(world: World, service: DatabaseService, question: Question): Promise<T | undefined> =>
  connected(world.adminUrl(service), (client) => askOn<T>(client, question));

/** The same on a connection that is there: nothing is waited for once there is an answer. */
export async function askOn<T>(client: pg.Client, { sql, values = [], ms }: Question): Promise<T | undefined> {
  for (const end = Date.now() + ms; ; await sleep(POLL_MS)) {
    const found = await value<T>(client, sql, values);
    if (found) return found;
    if (Date.now() > end) return undefined;
  }
}

async function value<T>(client: pg.Client, sql: string, values: unknown[]): Promise<T> {
  const { rows } = await client.query(sql, values);
  return Object.values(rows[0] ?? {})[0] as T;
}
