import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { ClientBase, Pool } from "pg";

const MIGRATIONS = join(import.meta.dirname, "../migrations");

/** The files in migrations/<service> that its database has not seen. */
export async function pendingMigrations(pool: Pool, service: string): Promise<string[]> {
  const files = (await readdir(join(MIGRATIONS, service))).filter((file) => file.endsWith(".ts")).sort();
  const { rows: tables } = await pool.query("select to_regclass('knex_migrations') is not null as begun");
  if (!tables[0].begun) return files;
  const { rows } = await pool.query<{ name: string }>("select name from knex_migrations");
  const seen = new Set(rows.map(({ name }) => name));
  return files.filter((file) => !seen.has(file));
}

/** Resolves when the server has run a statement. */
export async function answers(client: ClientBase): Promise<void> {
  await client.query("select 1");
}
