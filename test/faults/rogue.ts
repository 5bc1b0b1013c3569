import type pg from "pg";
import { connected, type DatabaseService } from "#stack/postgres/databases.ts";
import type { World } from "./world.ts";

/** A client that is none of ours, in a transaction on a service's database that it rolls back; a server that dies ends it. */
export const rogue = <T>(
  world: World,
  work: (client: pg.Client) => Promise<T>,
  service: DatabaseService = "booking",
): Promise<T> =>
  connected(world.adminUrl(service), async (client) => {
    await client.query("begin");
    const result = await work(client);
    await client.query("rollback").catch(() => {});
    return result;
  });
