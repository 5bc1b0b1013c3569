import type { Socket } from "node:net";
import type { Pool, PoolClient } from "pg";
import { EventixError } from "#contracts/errors.ts";

/** Lets at most `max` callers wait for a connection; more would not be served in time, and are told at once. */
export function limitWaiting(pool: Pool, max: number): void {
  type Callback = (error: Error) => void;
  const connect = pool.connect.bind(pool) as (callback?: Callback) => unknown;
  pool.connect = ((callback?: Callback) => {
    if (pool.waitingCount < max) return connect(callback);
    const refusal = new EventixError("SERVICE_UNAVAILABLE");
    return callback ? callback(refusal) : Promise.reject(refusal);
  }) as Pool["connect"];
}

/**
 * Cuts a lent connection on which nothing was said for `ms`: longer than the server lets a statement run or a transaction
 * idle. A server that is gone without a word (its machine lost, the network cut) would keep the connection, and all who
 * wait for it, for as long as TCP goes on trying: a quarter of an hour.
 */
export function cutSilent(pool: Pool, ms: number): void {
  pool.on("connect", (client) => {
    const socket = socketOf(client);
    socket.on("timeout", () => socket.destroy(silence(`the database said nothing for ${ms} ms`)));
  });
  pool.on("acquire", (client) => void socketOf(client).setTimeout(ms));
  pool.on("release", (_error, client) => void socketOf(client).setTimeout(0));
}

/** Cuts all connections, lent, idle or in the making, of a server that is known not to answer: what waits for it is told. */
export function cutAll(pool: Pool): void {
  const { _clients: clients } = pool as unknown as { _clients: PoolClient[] };
  for (const client of [...clients]) socketOf(client).destroy(silence("the database does not answer"));
}

const silence = (message: string) => Object.assign(new Error(message), { code: "ETIMEDOUT" });

const socketOf = (client: PoolClient): Socket =>
  (client as unknown as { connection: { stream: Socket } }).connection.stream;
