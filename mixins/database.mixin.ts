import type { ServiceSchema } from "moleculer";
import pg from "pg";
import { config } from "#config";

/** A pool in pg's pipeline mode whose connections carry our server-side time-outs. */
export function createPool(url: string, name: string, max: number = config.poolSize): pg.Pool {
  const { lockTimeoutMs, statementTimeoutMs, idleInTransactionMs } = config.timeouts;
  return new pg.Pool({
    connectionString: url,
    max,
    pipeline: true,
    application_name: name,
    connectionTimeoutMillis: statementTimeoutMs,
    options: `-c lock_timeout=${lockTimeoutMs} -c statement_timeout=${statementTimeoutMs} -c idle_in_transaction_session_timeout=${idleInTransactionMs}`,
  } as pg.PoolConfig);
}

/** Gives a service `this.pool` (pg.Pool) on its own database, open while the service runs. */
export function DatabaseMixin({ service, url }: { service: string; url: string }): Partial<ServiceSchema> {
  return {
    created() {
      if (!url) {
        throw new Error(
          `DATABASE_URL_${service.toUpperCase()} is not set: start with npm start, or fill the environment from eventix env.`,
        );
      }
      const pool = createPool(url, `eventix-${service}`);
      // An idle connection that the server closed: the pool drops it by itself.
      pool.on("error", (error) => this.logger.warn(`database connection lost: ${error.message}`));
      this.pool = pool;
    },
    async stopped() {
      const pool: pg.Pool = this.pool;
      if (!pool.ended) await pool.end();
    },
  };
}
