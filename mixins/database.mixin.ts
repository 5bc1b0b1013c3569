import { setTimeout as sleep } from "node:timers/promises";
import type { Service, ServiceSchema } from "moleculer";
import pg from "pg";
import { config } from "#config";
import { retryWaitMs } from "./retryable.ts";
import { pendingMigrations } from "./schema.repository.ts";
import { cutSilent } from "./silent-connection.ts";

const SCHEMA_POLL_MS = 1_000;
/** What a server that is there may take to say that a time-out has struck. */
const SAYING_SO_MS = 1_000;

type WithPool = Service & { pool: pg.Pool };

/**
 * A pool in pg's pipeline mode whose connections carry our server-side time-outs. `longestMs` is how long a statement may
 * take at most, where some set a time-out of their own.
 */
export function createPool(url: string, name: string, max: number = config.poolSize, longestMs = 0): pg.Pool {
  const { lockTimeoutMs, statementTimeoutMs, idleInTransactionMs } = config.timeouts;
  const pool = new pg.Pool({
    connectionString: url,
    max,
    pipeline: true,
    application_name: name,
    connectionTimeoutMillis: statementTimeoutMs,
    lock_timeout: lockTimeoutMs,
    statement_timeout: statementTimeoutMs,
    idle_in_transaction_session_timeout: idleInTransactionMs,
  } as pg.PoolConfig);
  cutSilent(pool, Math.max(statementTimeoutMs, idleInTransactionMs, longestMs) + SAYING_SO_MS);
  return pool;
}

interface Database {
  service: string;
  url: string;
  /** See createPool. */
  longestMs?: number;
}

/**
 * Gives a service `this.pool` (pg.Pool) on its own database, open while the service runs; the service starts once the database
 * answers and has the current schema.
 */
export function DatabaseMixin({ service, url, longestMs }: Database): Partial<ServiceSchema> {
  return {
    created() {
      if (!url) {
        throw new Error(
          `DATABASE_URL_${service.toUpperCase()} is not set: start with npm start, or fill the environment from eventix env.`,
        );
      }
      const pool = createPool(url, `eventix-${service}`, config.poolSize, longestMs);
      // An idle connection that the server closed: the pool drops it by itself.
      pool.on("error", (error) => this.logger.warn(`database connection lost: ${error.message}`));
      this.pool = pool;
    },
    async started() {
      await schemaIsCurrent(this as unknown as WithPool, service);
    },
    async stopped() {
      const pool: pg.Pool = this.pool;
      if (!pool.ended) await pool.end();
    },
  };
}

/** A node may be started before, or together with, whatever migrates: it waits, and says for what once a second. */
async function schemaIsCurrent(service: WithPool, name: string): Promise<void> {
  for (;;) {
    const missing = await whatIsMissing(service.pool, name);
    if (missing === undefined) return;
    service.logger.warn(`waiting for the ${name} database: ${missing}`);
    await sleep(SCHEMA_POLL_MS);
  }
}

async function whatIsMissing(pool: pg.Pool, name: string): Promise<string | undefined> {
  try {
    const pending = await pendingMigrations(pool, name);
    return pending.length === 0 ? undefined : `not migrated yet (${pending.join(", ")}); npx eventix migrate does it`;
  } catch (error) {
    if (retryWaitMs(error) === undefined) throw error;
    return (error as Error).message;
  }
}
