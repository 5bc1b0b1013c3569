import type { Socket } from "node:net";
import type { Pool, PoolClient } from "pg";
import { EventixError } from "#contracts/errors.ts";

type Lent = (error: Error | undefined, client?: PoolClient, release?: () => void) => void;

/** The callers that wait for a connection of a pool, each as the way to refuse it. */
const waiting = new WeakMap<Pool, Set<(error: Error) => void>>();
/** Pools whose server does not answer. */
const cutOff = new WeakSet<Pool>();

/** Lets at most `max` callers wait for a connection; more would not be served in time, and are told at once. */
export function limitWaiting(pool: Pool, max: number): void {
  const connect = pool.connect.bind(pool) as (callback: Lent) => void;
  const callers = new Set<(error: Error) => void>();
  waiting.set(pool, callers);
  function lend(callback: Lent): void {
    let isTold = false;
    const tell: Lent = (error, client, release) => {
      callers.delete(tell);
      // Refused before: the connection is the next one's.
      if (isTold) release?.();
      else callback(error, client, release);
      isTold = true;
    };
    callers.add(tell);
    if (cutOff.has(pool)) tell(silence(NO_ANSWER));
    else if (pool.waitingCount >= max) tell(new EventixError("SERVICE_UNAVAILABLE"));
    else connect(tell);
  }
  pool.connect = ((callback?: Lent) => {
    if (callback) return lend(callback);
    const { promise, resolve, reject } = Promise.withResolvers<PoolClient | undefined>();
    lend((error, client) => (error ? reject(error) : resolve(client)));
    return promise;
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

/**
 * Cuts all connections, lent, idle or in the making, of a server that is known not to answer, and refuses all who wait for
 * one, until `joinAgain`: they would wait in vain.
 */
export function cutAll(pool: Pool): void {
  cutOff.add(pool);
  for (const refuse of waiting.get(pool) ?? []) refuse(silence(NO_ANSWER));
  const { _clients: clients } = pool as unknown as { _clients: PoolClient[] };
  for (const client of [...clients]) socketOf(client).destroy(silence(NO_ANSWER));
}

/** The server answers. */
export const joinAgain = (pool: Pool): void => void cutOff.delete(pool);

const NO_ANSWER = "the database does not answer";

const silence = (message: string) => Object.assign(new Error(message), { code: "ETIMEDOUT" });

const socketOf = (client: PoolClient): Socket =>
  (client as unknown as { connection: { stream: Socket } }).connection.stream;
