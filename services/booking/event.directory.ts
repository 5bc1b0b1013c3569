import { LRUCache } from "lru-cache";
import type { Pool } from "pg";
import { ERROR_CODES, EventixError, errorCodeOf } from "#contracts/errors.ts";
import type { FactData } from "#contracts/events.ts";
import { retryWaitMs } from "#mixins/retryable.ts";
import { transaction } from "#mixins/transaction.ts";
import { findShelfStatus, recordEvents, type ShelfStatus } from "./inventory.repository.ts";
import type { ServiceCall } from "./service-call.ts";

interface DirectoryOptions {
  pool: Pool;
  call: ServiceCall;
  /** An event was written down that has no seats yet. */
  onRecorded: () => void;
}

/** Events remembered as on sale, and as unknown. */
const REMEMBERED = 10_000;
/** How long catalog's "no" is believed: a buyer may be faster than the fact that announces the event. */
const UNKNOWN_MS = 1_000;

/**
 * Which events are on sale here. An event that booking has not heard of is asked of catalog, once for all who want it at the
 * time, and is written down when catalog has it.
 */
export class EventDirectory {
  readonly #options: DirectoryOptions;
  /** On sale is for ever, so it is never read again. */
  readonly #onSale = new LRUCache<string, true>({ max: REMEMBERED });
  readonly #unknown = new LRUCache<string, true>({ max: REMEMBERED, ttl: UNKNOWN_MS });
  readonly #looking = new Map<string, Promise<ShelfStatus | undefined>>();

  constructor(options: DirectoryOptions) {
    this.#options = options;
  }

  /**
   * Resolves when all seats of the event are on the shelf. Throws EVENT_NOT_ON_SALE with `{status: "LOADING"}` while they are
   * not, EVENT_NOT_FOUND, and SERVICE_UNAVAILABLE when neither booking nor catalog can tell.
   */
  async require(eventId: string): Promise<void> {
    if (this.#onSale.has(eventId)) return;
    if (this.#unknown.has(eventId)) throw new EventixError("EVENT_NOT_FOUND");
    const status = await this.#shared(eventId);
    if (status === undefined) throw new EventixError("EVENT_NOT_FOUND");
    if (status === "LOADING") throw new EventixError("EVENT_NOT_ON_SALE", { status });
  }

  #shared(eventId: string): Promise<ShelfStatus | undefined> {
    let looking = this.#looking.get(eventId);
    if (!looking) {
      looking = this.#look(eventId).finally(() => this.#looking.delete(eventId));
      this.#looking.set(eventId, looking);
    }
    return looking;
  }

  async #look(eventId: string): Promise<ShelfStatus | undefined> {
    try {
      const status = (await findShelfStatus(this.#options.pool, eventId)) ?? (await this.#askCatalog(eventId));
      if (status === "ON_SALE") this.#onSale.set(eventId, true);
      if (status === undefined) this.#unknown.set(eventId, true);
      return status;
    } catch (error) {
      if (retryWaitMs(error) === undefined) throw error;
      throw new EventixError("SERVICE_UNAVAILABLE");
    }
  }

  async #askCatalog(eventId: string): Promise<ShelfStatus | undefined> {
    const { pool, call, onRecorded } = this.#options;
    try {
      const terms = await call<FactData<"event.published">>("catalog.getTerms", { eventId });
      await transaction(pool, (tx) => recordEvents(tx, [terms]));
    } catch (error) {
      if (errorCodeOf(error) === ERROR_CODES.EVENT_NOT_FOUND) return undefined;
      throw error;
    }
    onRecorded();
    return "LOADING";
  }
}
