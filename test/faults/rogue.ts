import pg from "pg";
import type { World } from "./world.ts";

/** Lends a connection that may break at any time. */
export async function onBehalf<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  client.on("error", () => {});
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end().catch(() => {});
  }
}

/** A client that is none of ours, in a transaction on booking's database that it rolls back; a server that dies ends it. */
export const rogue = (world: World, work: (client: pg.Client) => Promise<void>): Promise<void> =>
  onBehalf(world.adminUrl("booking"), async (client) => {
    await client.query("begin");
    await work(client);
    await client.query("rollback").catch(() => {});
  });
