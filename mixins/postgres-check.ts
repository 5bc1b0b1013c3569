import type { Socket } from "node:net";
import pg from "pg";
import { answers } from "./schema.repository.ts";
import { sqlState } from "./transaction.ts";

/** Asks a database whether it answers, on a connection of its own: the pool's may all be lent, and wait. */
export class PostgresCheck {
  readonly #config: pg.ClientConfig;
  #client: pg.Client | undefined;

  constructor(connectionString: string, name: string) {
    this.#config = { connectionString, application_name: name };
  }

  async ask(signal: AbortSignal): Promise<void> {
    const client = this.#client ?? new pg.Client(this.#config);
    const cut = () => socketOf(client)?.destroy(signal.reason);
    signal.addEventListener("abort", cut);
    try {
      if (client !== this.#client) await this.#open(client);
      await answers(client);
    } catch (error) {
      this.#client = undefined;
      await end(client);
      // It has no more room for connections, or for memory: those who are connected are served.
      if (!sqlState(error)?.startsWith("53")) throw signal.aborted ? signal.reason : error;
    } finally {
      signal.removeEventListener("abort", cut);
    }
  }

  async close(): Promise<void> {
    await end(this.#client);
    this.#client = undefined;
  }

  async #open(client: pg.Client): Promise<void> {
    // Without a listener its loss between two questions would end the process; the next question finds out.
    client.on("error", () => {});
    await client.connect();
    this.#client = client;
  }
}

/** A connection that is not well is not waited for. */
async function end(client: pg.Client | undefined): Promise<void> {
  client?.end().catch(() => {});
  if (client) socketOf(client)?.destroySoon();
}

const socketOf = (client: pg.Client): Socket | undefined =>
  (client as unknown as { connection?: { stream: Socket } }).connection?.stream;
