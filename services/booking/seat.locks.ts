import { Redis } from "ioredis";
import type { Logger } from "moleculer";
import Redlock from "redlock";

/** Locks on a batch's seats, or the leave to go on without: Postgres decides either way. */
export interface SeatLease {
  /** Epoch ms after which others may hold the same locks. */
  expiresAt: number;
  release(): void;
}

export type SeatLockMode = "on" | "required" | "off";

const WITHOUT_LOCKS: SeatLease = { expiresAt: Number.POSITIVE_INFINITY, release: () => {} };
/** A stalled Redis costs two of these a call (lock, then unlock) until the breaker opens. */
const COMMAND_TIMEOUT_MS = 150;
const BREAKER_MS = 1_000;
const LOG_EVERY_MS = 60_000;

/**
 * Redlock on the seats of a batch, so that two nodes that serve one event take turns instead of meeting at row locks.
 * One call a batch, all or nothing. Redis away or stalled opens a breaker: it is then left alone for a second.
 */
export class SeatLocks {
  readonly #mode: SeatLockMode;
  readonly #ttlMs: number;
  readonly #logger: Logger;
  readonly #redis: Redis;
  readonly #redlock: Redlock;
  #clientErrors = 0;
  #openUntil = 0;
  #skipped = 0;
  #ranOut = 0;
  #loggedAt = Number.NEGATIVE_INFINITY;

  constructor(options: { mode: SeatLockMode; url: string; ttlMs: number; logger: Logger }) {
    this.#mode = options.mode;
    this.#ttlMs = options.ttlMs;
    this.#logger = options.logger;
    this.#redis = new Redis(options.url, {
      lazyConnect: true,
      enableOfflineQueue: false,
      maxRetriesPerRequest: 0,
      commandTimeout: COMMAND_TIMEOUT_MS,
      retryStrategy: () => 500,
    });
    this.#redis.on("error", () => {}); // each failing call tells by itself, as clientError
    this.#redlock = new Redlock([this.#redis as unknown as Redlock.CompatibleRedisClient], { retryCount: 0 });
    this.#redlock.on("clientError", () => this.#clientErrors++);
  }

  get required(): boolean {
    return this.#mode === "required";
  }

  async connect(): Promise<void> {
    if (this.#mode !== "off") await this.#redis.connect().catch((error) => this.#tell(error.message));
  }

  /** Resolves when Redis answers. */
  async ping(): Promise<void> {
    await this.#redis.ping();
  }

  /**
   * Locks all `resources` (no duplicates) or none. "contended": another node has one of them. "unreachable": Redis does not
   * answer and the mode is `required`; in mode `on` that is a lease without locks.
   */
  async acquire(resources: string[]): Promise<SeatLease | "contended" | "unreachable"> {
    if (this.#mode === "off" || resources.length === 0) return WITHOUT_LOCKS;
    if (Date.now() < this.#openUntil) return this.#without();
    const errorsBefore = this.#clientErrors;
    try {
      const lock = await this.#redlock.lock(resources, this.#ttlMs);
      // A lock that ran out meanwhile cannot be released: that is what it says, and all it means.
      return { expiresAt: lock.expiration, release: () => void lock.unlock().catch(() => {}) };
    } catch (error) {
      if (this.#clientErrors === errorsBefore) return "contended";
      this.#openUntil = Date.now() + BREAKER_MS;
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
    this.#redis.disconnect();
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
