import type { Duplex } from "node:stream";
import type { Pool, PoolClient, QueryConfig, QueryResult } from "pg";

declare const transactional: unique symbol;
/** A connection inside an open transaction: what functions that write or take locks ask for. A pool or a bare client does not fit. */
export type Tx = PoolClient & { readonly [transactional]: true };

/** SQLSTATE of an error that Postgres sent, else undefined. */
export const sqlState = (error: unknown): string | undefined => {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === "string" && /^[0-9A-Z]{5}$/.test(code) ? code : undefined;
};

/** The server rolled back what it was asked to commit. */
export class RolledBackError extends Error {
  override name = "RolledBackError";
  constructor() {
    super("The server answered COMMIT with ROLLBACK.");
  }
}

/**
 * Sends statements in one write and returns their results in order: pg writes, and Postgres wakes up, once a statement otherwise.
 * Waits for all, so that none is left to reject unseen; then throws the first failure that is not 25P02 (those only say that
 * an earlier statement failed).
 */
export async function flight(
  client: PoolClient,
  statements: readonly (string | QueryConfig)[],
): Promise<QueryResult[]> {
  const { stream } = (client as unknown as { connection: { stream: Duplex } }).connection;
  stream.cork();
  let queries: Promise<QueryResult>[];
  try {
    queries = statements.map((statement) => client.query(statement));
  } finally {
    stream.uncork();
  }
  const results = await Promise.allSettled(queries);
  const failures = results.flatMap((r) => (r.status === "rejected" ? [r.reason] : []));
  if (failures.length > 0) throw failures.find((e) => sqlState(e) !== "25P02") ?? failures[0];
  return results.map((r) => (r as PromiseFulfilledResult<QueryResult>).value);
}

/** Lends a connection to `work`, and gives a broken one back as broken. Rolls back whatever a failing `work` left open. */
export async function withClient<T>(pool: Pool, work: (client: PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  let broken: Error | undefined;
  const note = (error: Error) => {
    broken ??= error;
  };
  client.on("error", note);
  try {
    return await work(client);
  } catch (error) {
    if (!broken) await client.query("rollback").catch(note);
    throw error;
  } finally {
    client.off("error", note);
    client.release(broken);
  }
}

/** Runs `work` in one read-committed transaction; what it throws rolls back. Throws RolledBackError if COMMIT did not commit. */
export async function transaction<T>(pool: Pool, work: (tx: Tx) => Promise<T>): Promise<T> {
  return withClient(pool, async (client) => {
    await client.query("begin");
    const result = await work(client as Tx);
    const { command } = await client.query("commit");
    if (command !== "COMMIT") throw new RolledBackError();
    return result;
  });
}
