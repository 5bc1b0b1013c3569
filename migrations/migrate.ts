import { existsSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import knex, { type Knex } from "knex";

export type MigratedService = "catalog" | "booking" | "payment";
const SERVICES: readonly MigratedService[] = ["catalog", "booking", "payment"];

/** One number that every migrator agrees on; each database has its own. */
const ADVISORY_LOCK = 7_316_001;
const LOCK_POLL_MS = 100;

/**
 * Brings the databases named by DATABASE_URL_CATALOG, _BOOKING and _PAYMENT to the current schema, each guarded against another
 * migrator. `log` is told what is done. Returns how many migrations ran. An error says in `setting` whose database it is about.
 */
export async function migrate(env: NodeJS.ProcessEnv, log: (line: string) => void): Promise<number> {
  const counts = await Promise.all(
    SERVICES.map((service) =>
      migrateService(service, urlOf(service, env), log).catch((error: Error) => {
        throw Object.assign(error, { setting: settingOf(service) });
      }),
    ),
  );
  return counts.reduce((sum, count) => sum + count, 0);
}

/** Brings one database to the current schema of its service; returns how many migrations ran. */
export async function migrateService(
  service: MigratedService,
  url: string,
  log: (line: string) => void,
): Promise<number> {
  return withKnex(service, url, (db) =>
    locked(db, async () => {
      // A migrator that was killed leaves knex's own lock behind; ours is gone with its connection.
      await db.migrate.forceFreeMigrationsLock();
      const [, files] = (await db.migrate.latest()) as [number, string[]];
      for (const file of files) log(`Migrated ${service}: ${file}`);
      return files.length;
    }),
  );
}

/**
 * Polls for the advisory lock on a connection kept for it. A statement that blocks on it would hold a snapshot, and
 * `create index concurrently` would wait for that for ever.
 */
async function locked<T>(db: Knex, work: () => Promise<T>): Promise<T> {
  const connection = await db.client.acquireConnection();
  const ask = async (call: string): Promise<boolean> => {
    const { rows } = await connection.query(`select ${call}(${ADVISORY_LOCK}) as done`);
    return rows[0].done;
  };
  try {
    while (!(await ask("pg_try_advisory_lock"))) await sleep(LOCK_POLL_MS);
    try {
      return await work();
    } finally {
      await ask("pg_advisory_unlock");
    }
  } finally {
    await db.client.releaseConnection(connection);
  }
}

async function withKnex<T>(service: MigratedService, url: string, work: (db: Knex) => Promise<T>): Promise<T> {
  const directory = fileURLToPath(new URL(service, import.meta.url));
  const db = knex({
    client: "pg",
    connection: { connectionString: url, application_name: `eventix-migrate-${service}` },
    pool: { min: 0, max: 2 },
    // What it would print is thrown too, and said there in the words of whoever asked.
    log: { warn() {}, error() {}, deprecate() {}, debug() {} },
    // A database may be a version ahead: nodes that go back to an older one work with it.
    migrations: {
      disableMigrationsListValidation: true,
      directory: existsSync(directory) ? directory : [],
      loadExtensions: [".ts"],
    },
  });
  try {
    return await work(db);
  } finally {
    await db.destroy();
  }
}

const settingOf = (service: MigratedService) => `DATABASE_URL_${service.toUpperCase()}`;

function urlOf(service: MigratedService, env: NodeJS.ProcessEnv): string {
  const name = settingOf(service);
  const url = env[name];
  if (!url) throw new Error(`${name} is not set: npx eventix up makes the databases.`);
  return url;
}
