import { randomBytes } from "node:crypto";
import pg from "pg";
import type { StackState } from "../state.ts";

export const DATABASE_SERVICES = ["catalog", "booking", "payment"] as const;
export type DatabaseService = (typeof DATABASE_SERVICES)[number];

export const ADMIN = "eventix_admin";
export const roleOf = (service: DatabaseService) => `eventix_${service}`;
export const databaseOf = (service: DatabaseService) => `eventix_${service}_db`;
export const urlVariable = (service: DatabaseService) => `DATABASE_URL_${service.toUpperCase()}`;

/** Draws a password for each role that has none yet. */
export function drawPasswords(state: StackState): void {
  for (const role of [ADMIN, ...DATABASE_SERVICES.map(roleOf)]) {
    state.passwords[role] ??= randomBytes(18).toString("base64url");
  }
}

export const postgresUrl = (state: StackState, port: number, role: string, database: string): string =>
  `postgres://${role}:${state.passwords[role]}@127.0.0.1:${port}/${database}`;

/** What makes a service's role and its database; `password` as SQL writes it. */
export const serviceStatements = (service: DatabaseService, password: string): string[] => [
  `create role ${roleOf(service)} login password ${password}`,
  `create database ${databaseOf(service)} owner ${roleOf(service)}`,
];

/** Leaves each database to its owner and the superuser; harmless when done again. */
export const CLOSE_DATABASES = `revoke connect, temporary on database ${[
  "postgres",
  "template1",
  ...DATABASE_SERVICES.map(databaseOf),
].join(", ")} from public`;

/** What only the superuser may add to a database; harmless when done again. */
export const ADD_EXTENSIONS = "create extension if not exists pg_stat_statements";

/** Makes the three databases and their roles where they are missing; each role has rights on its own database only. */
export async function createDatabases(state: StackState, port: number): Promise<void> {
  const admin = (database: string) => postgresUrl(state, port, ADMIN, database);
  await connected(admin("postgres"), async (client) => {
    const { rows } = await client.query<{ datname: string }>("select datname from pg_database");
    const there = new Set(rows.map(({ datname }) => datname));
    for (const service of DATABASE_SERVICES) {
      if (!there.has(databaseOf(service))) await createDatabase(client, service, state);
    }
    await client.query(CLOSE_DATABASES);
  });
  await Promise.all(
    DATABASE_SERVICES.map((service) => connected(admin(databaseOf(service)), (client) => client.query(ADD_EXTENSIONS))),
  );
}

/** The role may be there already, when a run ended between the statements: it owns nothing yet, so it is made anew. */
async function createDatabase(client: pg.Client, service: DatabaseService, { passwords }: StackState): Promise<void> {
  await client.query(`drop role if exists ${roleOf(service)}`);
  const password = client.escapeLiteral(passwords[roleOf(service)] as string);
  for (const statement of serviceStatements(service, password)) await client.query(statement);
}

/** Lends one connection, closed afterwards. */
export async function connected<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000 });
  // A server that goes away while nobody asks would end the process.
  client.on("error", () => {});
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
