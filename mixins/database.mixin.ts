import { setTimeout as sleep } from "node:timers/promises";
import type { Context, Service, ServiceSchema } from "moleculer";
import pg from "pg";
import { healthOf, isWatching } from "#broker/node-health.ts";
import { config } from "#config";
import { EventixError, isErrorCode } from "#contracts/errors.ts";
import { DependencyWatch } from "./dependency-watch.ts";
import { HealthMixin } from "./health.mixin.ts";
import { cutAll, cutSilent, joinAgain, limitWaiting } from "./pool-limits.ts";
import { PostgresCheck } from "./postgres-check.ts";
import { retryWaitMs } from "./retryable.ts";
import { pendingMigrations } from "./schema.repository.ts";
import { sqlState } from "./transaction.ts";
import { within } from "./within.ts";

const SCHEMA_POLL_MS = 1_000;
/** What a server that is there may take to say that a time-out has struck. */
const SAYING_SO_MS = 1_000;
/** Callers that may wait for one of a pool's connections, which serves some thousand a second. */
const WAITING_MAX = 2_000;
/**
 * A prepared statement may be planned while its tables are still empty, for a scan of the whole table, and that plan is kept
 * until they are analyzed, a minute later: the first stampede on a new database would pay for it with each row it writes.
 */
const BY_INDEX = "-c enable_seqscan=off";
/** Lent connections get this long to come back when the service stops. */
const END_MS = 1_000;

type WithPool = Service & { pool: pg.Pool; databaseWatch: DependencyWatch };

/**
 * A pool in pg's pipeline mode whose connections carry our server-side time-outs. `longestMs` is how long a statement may
 * take at most, where some set a time-out of their own.
 */
export function createPool(url: string, name: string, max: number = config.poolSize, longestMs = 0): pg.Pool {
  const { lockTimeoutMs, statementTimeoutMs, idleInTransactionMs, poolWaitMs } = config.timeouts;
  const pool = new pg.Pool({
    connectionString: url,
    max,
    pipeline: true,
    application_name: name,
    options: BY_INDEX,
    connectionTimeoutMillis: poolWaitMs,
    lock_timeout: lockTimeoutMs,
    statement_timeout: statementTimeoutMs,
    idle_in_transaction_session_timeout: idleInTransactionMs,
  } as pg.PoolConfig);
  // For good: a server that dies right behind its last word is told of before whoever is lent the connection can listen.
  pool.on("connect", (client) => void client.on("error", () => {}));
  limitWaiting(pool, WAITING_MAX);
  cutSilent(pool, Math.max(statementTimeoutMs, idleInTransactionMs, longestMs) + SAYING_SO_MS);
  return pool;
}

/** What Postgres shows of a node's connections: whoever looks at them sees whose they are. */
export const sessionName = (service: string, nodeId: string): string => `eventix-${service}@${nodeId}`;

interface Database {
  service: string;
  url: string;
  /** See createPool. */
  longestMs?: number;
}

/**
 * Gives a service `this.pool` (pg.Pool) on its own database, open while the service runs; the service starts once the database
 * answers and has the current schema. While the database is known to be away the service's actions are refused at once.
 */
export function DatabaseMixin({ service, url, longestMs }: Database): Partial<ServiceSchema> {
  return {
    mixins: [HealthMixin()],
    hooks: {
      before: { "*": refuseWhileDown },
      error: { "*": unavailableIfPassing },
    },
    created() {
      if (!url) {
        throw new Error(
          `DATABASE_URL_${service.toUpperCase()} is not set: start with npm start, or fill the environment from eventix env.`,
        );
      }
      const pool = createPool(url, sessionName(service, this.broker.nodeID), config.poolSize, longestMs);
      // An idle connection that the server closed: the pool drops it by itself.
      pool.on("error", (error) => this.logger.debug(`database connection lost: ${error.message}`));
      const check = new PostgresCheck(url, `eventix-${service}-health`);
      this.pool = pool;
      this.databaseWatch = new DependencyWatch({
        ...{ name: "postgres", service, required: true },
        ask: (signal) => check.ask(signal),
        close: () => check.close(),
        logger: this.logger,
        onDown: () => cutAll(pool),
        onUp: () => joinAgain(pool),
      });
    },
    async started() {
      const { broker, databaseWatch } = this as unknown as WithPool;
      healthOf(broker).add(databaseWatch);
      void databaseWatch.start();
      await schemaIsCurrent(this as unknown as WithPool, service);
      await databaseWatch.askNow();
    },
    async stopped() {
      const { broker, databaseWatch, pool } = this as unknown as WithPool;
      healthOf(broker).remove(databaseWatch);
      await databaseWatch.stop();
      if (pool.ending) return;
      await within(END_MS, pool.end());
      cutAll(pool);
    },
  };
}

function refuseWhileDown(this: Service, { action }: Context): void {
  if ((this as WithPool).databaseWatch.isDown && !isWatching(action ?? {}))
    throw new EventixError("SERVICE_UNAVAILABLE");
}

/** What may pass (a lost connection, a pool with too many waiting) is for the caller to try again, and no bug of ours. */
function unavailableIfPassing(this: Service, _ctx: unknown, error: Error & { type?: unknown }): never {
  if (isErrorCode(error.type) || retryWaitMs(error) === undefined) throw error;
  if (sqlState(error) === undefined) void (this as WithPool).databaseWatch.askNow();
  this.logger.debug(`refused for now: ${error.message}`);
  throw new EventixError("SERVICE_UNAVAILABLE");
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
