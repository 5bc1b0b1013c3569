import type { Socket } from "node:net";
import type { Pool, PoolClient } from "pg";

/**
 * Cuts a lent connection on which nothing was said for `ms`: longer than the server lets a statement run or a transaction
 * idle. A server that is gone without a word (its machine lost, the network cut) would keep the connection, and all who
 * wait for it, for as long as TCP goes on trying: a quarter of an hour.
 */
export function cutSilent(pool: Pool, ms: number): void {
  pool.on("connect", (client) => {
    const socket = socketOf(client);
    const error = Object.assign(new Error(`the database said nothing for ${ms} ms`), { code: "ETIMEDOUT" });
    socket.on("timeout", () => socket.destroy(error));
  });
  pool.on("acquire", (client) => void socketOf(client).setTimeout(ms));
  pool.on("release", (_error, client) => void socketOf(client).setTimeout(0));
}

const socketOf = (client: PoolClient): Socket =>
  (client as unknown as { connection: { stream: Socket } }).connection.stream;
