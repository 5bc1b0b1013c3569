import { randomBytes } from "node:crypto";
import { after } from "node:test";
import { eventixHome } from "#stack/home.ts";
import {
  ADMIN,
  connected,
  DATABASE_SERVICES,
  type DatabaseService,
  databaseOf,
  postgresUrl,
  roleOf,
} from "#stack/postgres/databases.ts";
import { readState } from "#stack/state.ts";
import { migrateService } from "../../migrations/migrate.ts";

const made: string[] = [];
const templateOf = (service: DatabaseService) => `eventix_${service}_template`;

/** A new database of the service's role with nothing in it, as URL; dropped when the test file ends. */
export async function emptyDatabase(service: DatabaseService): Promise<string> {
  const name = newName(service);
  await connected(adminUrl(), (admin) => admin.query(`create database ${name} owner ${roleOf(service)}`));
  return urlOf(roleOf(service), name);
}

/** The same with the service's schema and no rows. */
export async function freshDatabase(service: DatabaseService): Promise<string> {
  const name = newName(service);
  const cloned = await connected(adminUrl(), async (admin) => {
    const { rowCount } = await admin.query("select from pg_database where datname = $1", [templateOf(service)]);
    const template = rowCount === 0 ? "template1" : templateOf(service);
    await admin.query(`create database ${name} owner ${roleOf(service)} template ${template}`);
    return rowCount !== 0;
  });
  const url = urlOf(roleOf(service), name);
  if (!cloned) await migrateService(service, url, () => {});
  return url;
}

function newName(service: DatabaseService): string {
  const name = `eventix_${service}_${randomBytes(6).toString("hex")}`;
  made.push(name);
  return name;
}

/** Keeps a copy of each migrated database, to be cloned; nobody may be connected to them. */
export async function makeTemplates(): Promise<void> {
  await connected(adminUrl(), async (admin) => {
    for (const service of DATABASE_SERVICES) {
      const owner = `owner ${roleOf(service)}`;
      await admin.query(`create database ${templateOf(service)} ${owner} template ${databaseOf(service)}`);
    }
  });
}

/** The server's superuser, on any database: for tests that look at or break what a service's role may not. */
export const adminUrl = (database = "postgres"): string => urlOf(ADMIN, database);

function urlOf(role: string, database: string): string {
  const state = readState(eventixHome());
  return postgresUrl(state, state.servers.postgres?.ports.postgres as number, role, database);
}

after(async () => {
  if (made.length === 0) return;
  await connected(adminUrl(), async (admin) => {
    // One that a test still uses stays until the whole stack is removed: cutting its connections would fail that test.
    for (const name of made) await admin.query(`drop database if exists ${name}`).catch(() => {});
  });
});
