import type { Logger } from "moleculer";
import Redlock from "redlock";
import { LockServer } from "./lock-server.ts";

/** Locks on a batch's seats, or the leave to go on without: Postgres decides either way. */
export interface SeatLease {
  /** Epoch ms after which others may hold the same locks. */
  expiresAt: number;
  release(): void;
}

export type SeatLockMode = "on" | "required" | "off";

const WITHOUT_LOCKS: SeatLease = { expiresAt: Number.POSITIVE_INFINITY, release: () => {} };
const LOG_EVERY_MS = 60_000;

/**
 * Redlock on the seats of a batch, so that two nodes that serve one event take turns instead of meeting at row locks.
 * One call a batch, all or nothing, granted by most of the servers. While most of them are away nobody is asked.
 */
export class SeatLocks {
  readonly #mode: SeatLockMode;
  readonly #ttlMs: number;
  readonly #logger: Logger;
  readonly #servers: LockServer[];
  readonly #redlock: Redlock;
  #skipped = 0;
  #ranOut = 0;
  #loggedAt = Number.NEGATIVE_INFINITY;

  constructor(options: { mode: SeatLockMode; urls: readonly string[]; ttlMs: number; logger: Logger }) {
    if (options.mode !== "off" && options.urls.length === 0) {
      throw new TypeError("REDIS_URL is not set: seats are locked there. SEAT_LOCKS=off goes without.");
    }
    this.#mode = options.mode;
    this.#ttlMs = options.ttlMs;
    this.#logger = options.logger;
    this.#servers = options.urls.map((url) => new LockServer(url));
    this.#redlock = new Redlock(this.#servers as unknown as Redlock.CompatibleRedisClient[], { retryCount: 0 });
  }

  get required(): boolean {
    return this.#mode === "required";
  }

  /** Batches that went without locks, or were refused for that. */
  get skipped(): number {
    return this.#skipped;
  }

  async connect(): Promise<void> {
    if (this.#mode === "off") return;
    const connecting = this.#servers.map((server) => server.connect().catch((error) => this.#tell(error.message)));
    await Promise.all(connecting);
  }

  /** Resolves when most of the servers answer. */
  async ping(): Promise<void> {
    const answers = await Promise.allSettled(this.#servers.map((server) => server.ping()));
    const failed = answers.filter((answer) => answer.status === "rejected");
    if (this.#isMost(answers.length - failed.length)) return;
    throw failed[0]?.reason ?? new Error("there is none");
  }

  /**
   * Locks all `resources` (no duplicates) or none. "contended": another node has one of them. "unreachable": most servers
   * do not answer and the mode is `required`; in mode `on` that is a lease without locks.
   */
  async acquire(resources: string[]): Promise<SeatLease | "contended" | "unreachable"> {
    if (this.#mode === "off" || resources.length === 0) return WITHOUT_LOCKS;
    if (!this.#mostAnswer) return this.#without();
    try {
      const lock = await this.#redlock.lock(resources, this.#ttlMs);
      // A lock that ran out meanwhile cannot be released: that is what it says, and all it means.
      return { expiresAt: lock.expiration, release: () => void lock.unlock().catch(() => {}) };
    } catch (error) {
      // Redlock does not tell a lock that others have from servers that are away. Taking one for the other is safe.
      if (this.#mostAnswer) return "contended";
      this.#tell((error as Error).message);
      return this.#without();
    }
  }

  /** Counts a batch whose locks ran out before its second flight. */
  noteRunOut(): void {
    this.#ranOut++;
    this.#tell("a lock ran out before its batch was written");
  }

  async close(): Promise<void> {
    for (const server of this.#servers) server.disconnect();
  }

  get #mostAnswer(): boolean {
    return this.#isMost(this.#servers.filter(({ answers }) => answers).length);
  }

  #isMost(count: number): boolean {
    return count > this.#servers.length / 2;
  }

  #without(): SeatLease | "unreachable" {
    this.#skipped++;
    return this.#mode === "required" ? "unreachable" : WITHOUT_LOCKS;
  }

  #tell(why: string): void {
    if (performance.now() - this.#loggedAt < LOG_EVERY_MS) return;
    this.#loggedAt = performance.now();
    const counts = `${this.#skipped} batches went without so far, ${this.#ranOut} outlived theirs`;
    this.#logger.warn(`seat locks: ${why}; ${counts}: row locks decide`);
  }
}
