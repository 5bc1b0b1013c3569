import type pg from "pg";
import { connected } from "#stack/postgres/databases.ts";
import type { World } from "./world.ts";

/** A client that is none of ours, in a transaction on booking's database that it rolls back; a server that dies ends it. */
export const rogue = (world: World, work: (client: pg.Client) => Promise<void>): Promise<void> =>
  connected(world.adminUrl("booking"), async (client) => {
    await client.query("begin");
    await work(client);
    await client.query("rollback").catch(() => {});
  });
