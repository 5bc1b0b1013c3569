import { setTimeout as sleep } from "node:timers/promises";
import { LRUCache } from "lru-cache";
import type { AvailabilityQuery, BitsAvailability, SeatsAvailability } from "#contracts/booking.ts";

export type Availability = BitsAvailability | SeatsAvailability;

/** So long after one read of a hall began the next one does: however many gateways ask, ten a second reach the tables. */
export const PAUSE_MS = 100;
const HALLS_MAX = 1_000;

/**
 * Lets all who ask for a hall within a pause share one read. Nobody is given a read that began before they asked: whoever comes
 * during one waits for the next.
 */
export class AvailabilityReads {
  readonly #read: (query: AvailabilityQuery) => Promise<Availability>;
  /** By what is read; by performance.now(). */
  readonly #beganAt = new LRUCache<string, number>({ max: HALLS_MAX });
  /** Those that have not begun. */
  readonly #next = new Map<string, Promise<Availability>>();

  constructor(read: (query: AvailabilityQuery) => Promise<Availability>) {
    this.#read = read;
  }

  get(query: AvailabilityQuery): Promise<Availability> {
    const key = `${query.eventId} ${query.as ?? "seats"}`;
    const next = this.#next.get(key);
    if (next) return next;
    const waitMs = (this.#beganAt.get(key) ?? Number.NEGATIVE_INFINITY) + PAUSE_MS - performance.now();
    if (waitMs <= 0) return this.#begin(key, query);
    const later = sleep(waitMs).then(() => {
      this.#next.delete(key);
      return this.#begin(key, query);
    });
    this.#next.set(key, later);
    return later;
  }

  #begin(key: string, query: AvailabilityQuery): Promise<Availability> {
    this.#beganAt.set(key, performance.now());
    return this.#read(query);
  }
}
