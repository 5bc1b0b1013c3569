import { randomUUID } from "node:crypto";
import { LRUCache } from "lru-cache";
import type { Logger } from "moleculer";
import type { Pool } from "pg";
import type { SeatPrice } from "#contracts/catalog.ts";
import { backOffMs, retryWaitMs } from "#mixins/retryable.ts";
import { type Tx, transaction } from "#mixins/transaction.ts";
import { within } from "#mixins/within.ts";
import {
  claimEvent,
  extendLease,
  insertSeats,
  type Loading,
  postponeEvent,
  putOnSale,
  readShelf,
  repriceSeats,
} from "./event-loading.repository.ts";
import { seatPages } from "./seat-pages.ts";
import type { ServiceCall } from "./service-call.ts";

interface ProvisionerOptions {
  pool: Pool;
  call: ServiceCall;
  logger: Logger;
  nodeId: string;
}

/** Events that one node fills at the same time: while one waits for catalog the other writes. */
const EVENTS_AT_ONCE = 2;
/** Longer than a page may take to come and to be written; what a killed node leaves is taken over this much later. */
const LEASE_MS = 10_000;
/** How soon an event is found that nobody here was woken for: another node's whose lease ran out, or one that had to wait. */
const POLL_MS = 500;
const FIRST_BACK_OFF_MS = 250;
/** A chunk's transaction is bounded by statement_timeout. */
const STOP_MS = 2_500;
/** Events whose failures in a row are counted. */
const FAILING_KEPT = 1_000;

/** The claim is another's by now, or this node stops: not a failure. */
class LeftToAnother extends Error {
  override name = "LeftToAnother";
}

/** Catalog's seats are not those that the event's terms announce. */
class ShelfMismatch extends Error {
  override name = "ShelfMismatch";
}

/**
 * Fetches the seats of events that were announced, and their prices when the terms changed, and puts the events on sale.
 *
 * Any number of nodes at once: an event is its claimant's until the lease runs out, then another goes on where the seats on
 * the shelf end. Guarantees: an event is ON_SALE only with all its seats, each once. Publishes nothing.
 * Catalog or database away: tries again with back-off, for ever.
 */
export class Provisioner {
  readonly #options: ProvisionerOptions;
  readonly #failures = new LRUCache<string, number>({ max: FAILING_KEPT });
  readonly #running = new Set<Promise<void>>();
  #poll: NodeJS.Timeout | undefined;
  #again = false;
  #stopping = false;
  #blind = false;

  constructor(options: ProvisionerOptions) {
    this.#options = options;
  }

  /** There may be an event to load: looks now, and from the first time on also by itself, until `stop`. */
  wake(): void {
    if (this.#stopping) return;
    this.#poll ??= setInterval(() => this.wake(), POLL_MS);
    if (this.#running.size < EVENTS_AT_ONCE) this.#launch();
    else this.#again = true;
  }

  /** Loads the oldest event that waits. False when none did, or the database did not say. */
  async runOnce(): Promise<boolean> {
    const loading = await this.#claim();
    if (loading) await this.#load(loading);
    return loading !== undefined;
  }

  /** Resolves after the chunks being written; the rest is another node's at once. */
  async stop(): Promise<void> {
    this.#stopping = true;
    clearInterval(this.#poll);
    await within(STOP_MS, Promise.all(this.#running));
  }

  #launch(): void {
    const run = this.#run().finally(() => {
      this.#running.delete(run);
      if (!this.#again) return;
      this.#again = false;
      this.wake();
    });
    this.#running.add(run);
  }

  async #run(): Promise<void> {
    const loading = await this.#claim();
    if (!loading) return;
    // Where one waits there may be more: the other place looks, or this one when it is done.
    this.wake();
    await this.#load(loading);
    this.#again = true;
  }

  async #claim(): Promise<Loading | undefined> {
    const { pool, nodeId, logger } = this.#options;
    try {
      const loading = await claimEvent(pool, `${nodeId}/${randomUUID()}`, LEASE_MS);
      this.#blind = false;
      return loading;
    } catch (error) {
      if (!this.#blind) logger.warn({ err: error }, `cannot look for events to load: ${(error as Error).message}`);
      this.#blind = true;
      return undefined;
    }
  }

  /** Handles all failures: an event that cannot be loaded now waits for its next turn. */
  async #load(loading: Loading): Promise<void> {
    const { eventId, version, seatCount } = loading;
    const startedAt = performance.now();
    try {
      await this.#fillShelf(loading);
      await this.#inLease(loading, (tx) => finish(tx, loading));
      this.#failures.delete(eventId);
      const ms = Math.round(performance.now() - startedAt);
      this.#options.logger.info(
        `event ${eventId} is on sale: ${seatCount} seats, terms ${version}, loaded in ${ms} ms`,
      );
    } catch (error) {
      await this.#failed(loading, error as Error);
    }
  }

  async #fillShelf(loading: Loading): Promise<void> {
    const { pool, call } = this.#options;
    const { eventId, seatCount } = loading;
    const afterIndex = await resumeAfter(pool, loading);
    let seen = 0;
    for await (const seats of seatPages(call, { eventId, afterIndex })) {
      seen += seats.length;
      if (seen > seatCount)
        throw new ShelfMismatch(`catalog lists more than the ${seatCount} seats that were announced`);
      await this.#inLease(loading, (tx) => store(tx, loading, seats));
    }
  }

  /** A transaction that writes only while the claim is this node's, and keeps it for longer. */
  async #inLease(loading: Loading, work: (tx: Tx) => Promise<void>): Promise<void> {
    if (this.#stopping) throw new LeftToAnother("this node stops");
    await transaction(this.#options.pool, async (tx) => {
      if (!(await extendLease(tx, loading, LEASE_MS))) throw new LeftToAnother("another node has it now");
      await work(tx);
    });
  }

  async #failed(loading: Loading, error: Error): Promise<void> {
    const { pool, logger } = this.#options;
    const { eventId } = loading;
    const leave = error instanceof LeftToAnother;
    const failures = this.#failures.get(eventId) ?? 0;
    const waitMs = leave ? 0 : backOffMs(FIRST_BACK_OFF_MS, failures);
    if (leave) logger.info(`event ${eventId} is left to another: ${error.message}`);
    else {
      this.#failures.set(eventId, failures + 1);
      const level = retryWaitMs(error) === undefined ? "error" : "warn";
      logger[level]({ err: error }, `event ${eventId} is not loaded, next try in ${waitMs} ms: ${error.message}`);
    }
    // If this fails too, the lease runs out by itself.
    await postponeEvent(pool, loading, waitMs).catch(() => {});
  }
}

/**
 * The index to go on from: the end of the shelf, where another left off. From the start where the shelf has gaps, and for a
 * later version: the prices on the shelf may be those of the version before.
 */
async function resumeAfter(pool: Pool, { eventId, version }: Loading): Promise<number> {
  if (version > 1) return -1;
  const { count, last } = await readShelf(pool, eventId);
  return count === last + 1 ? last : -1;
}

async function store(tx: Tx, { eventId, version }: Loading, seats: readonly SeatPrice[]): Promise<void> {
  await insertSeats(tx, eventId, seats);
  if (version > 1) await repriceSeats(tx, eventId, seats);
}

async function finish(tx: Tx, loading: Loading): Promise<void> {
  const { count, last } = await readShelf(tx, loading.eventId);
  const { seatCount } = loading;
  if (count !== seatCount || last !== seatCount - 1) {
    throw new ShelfMismatch(`${count} seats to index ${last} are on the shelf, and ${seatCount} were announced`);
  }
  await putOnSale(tx, loading);
}
