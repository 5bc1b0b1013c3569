import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { sqlState } from "#mixins/transaction.ts";
import { readHolders, readSessions, readWaiting, type Session, type Waiting } from "./outbox.repository.ts";

const CONNECT_TIMEOUT_MS = 3_000;
/** An outbox of some millions, after an hour without Kafka, is still counted. */
const STATEMENT_TIMEOUT_MS = 20_000;
const LOCK_TIMEOUT_MS = 1_000;
/** A relay without work leads for a millisecond in fifty. */
const LOOK_MS = 25;

export interface Leader {
  node: string;
  /** When it was seen to lead last. */
  at: Date;
  /** Since when no other was seen to lead. */
  since: Date;
}

/** What was seen of one database in a span of time. */
export interface Seen {
  service: string;
  /** Why the database or its outbox could not be read; the rest is then as far as it could. */
  trouble?: string;
  waiting?: Waiting;
  /** Rows a second; undefined at the first look. */
  written?: number;
  published?: number;
  /** Nodes that are connected. */
  nodes: string[];
  leader?: Leader;
  /** Whoever was seen in the middle of a round; one that waits for somebody rather than one that does not. */
  leading?: Session;
}

/** Looks at the outbox of one database again and again, over all its outages. */
export class OutboxWatch {
  readonly service: string;
  readonly #url: string;
  #client: pg.Client | undefined;
  #before: { waiting: Waiting; at: number } | undefined;
  #leader: Leader | undefined;

  constructor(service: string, url: string) {
    this.service = service;
    this.#url = url;
  }

  /** Watches who leads for so long, then counts. */
  async look(ms: number): Promise<Seen> {
    const seen: Seen = { service: this.service, nodes: [] };
    try {
      const client = this.#client ?? (await connect(this.#url));
      this.#client = client;
      this.#before ??= await count(client);
      const end = performance.now() + ms;
      do {
        const sessions = await readSessions(client, this.service);
        this.#note(sessions);
        const leading = sessions.find(({ leads }) => leads);
        if (leading && !seen.leading?.blockedBy.length) seen.leading = leading;
        seen.nodes = [...new Set([...seen.nodes, ...sessions.map(nodeOf)])].sort();
        await sleep(LOOK_MS);
      } while (performance.now() < end);
      this.#rate(seen, await count(client));
    } catch (error) {
      seen.trouble = await this.#troubleOf(error as Error);
    }
    return { ...seen, ...(this.#leader && { leader: this.#leader }) };
  }

  async close(): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    await client?.end().catch(() => {});
  }

  #note(sessions: readonly Session[]): void {
    const latest = sessions
      .flatMap((session) => (session.ledAt ? [{ node: nodeOf(session), at: session.ledAt }] : []))
      .sort((a, b) => a.at.getTime() - b.at.getTime())
      .at(-1);
    if (!latest || latest.at <= (this.#leader?.at ?? 0)) return;
    const since = this.#leader?.node === latest.node ? this.#leader.since : latest.at;
    this.#leader = { ...latest, since };
  }

  #rate(seen: Seen, now: { waiting: Waiting; at: number }): void {
    const { waiting, at } = this.#before ?? now;
    this.#before = now;
    seen.waiting = now.waiting;
    const seconds = (now.at - at) / 1_000;
    if (seconds <= 0) return;
    const written = Number(now.waiting.lastId - waiting.lastId);
    seen.written = written / seconds;
    seen.published = Math.max(0, written - (rowsOf(now.waiting) - rowsOf(waiting))) / seconds;
  }

  async #troubleOf(error: Error): Promise<string> {
    if (sqlState(error) === "55P03" && this.#client) {
      const holders = await readHolders(this.#client).catch(() => []);
      return `the outbox is locked by ${holders.map(sessionText).join(", ") || "somebody"}`;
    }
    await this.close();
    this.#before = undefined;
    return `its database cannot be read (${error.message})`;
  }
}

export const rowsOf = ({ topics }: Waiting): number => topics.reduce((sum, { rows }) => sum + rows, 0);

/** A connection, as whoever has to end it names it. */
export const sessionText = ({ pid, name }: { pid: number; name: string }): string =>
  `${name || "a session"} (pid ${pid})`;

const nodeOf = ({ name }: Session): string => name.slice(name.indexOf("@") + 1);

async function count(client: pg.Client): Promise<{ waiting: Waiting; at: number }> {
  const waiting = await readWaiting(client);
  return { waiting, at: performance.now() };
}

async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client({
    connectionString: url,
    application_name: "eventix-outbox",
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    lock_timeout: LOCK_TIMEOUT_MS,
    statement_timeout: STATEMENT_TIMEOUT_MS,
  });
  // The query that was running says what happened.
  client.on("error", () => {});
  await client.connect();
  return client;
}
