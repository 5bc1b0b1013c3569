import type { Pool } from "pg";
import { expireBookings } from "../../../services/booking/booking-sweep.ts";
import type { HoldAnswer, PendingHold } from "../../../services/booking/event.actor.ts";
import { EventActors } from "../../../services/booking/event.actors.ts";
import { HoldCommitter } from "../../../services/booking/hold.committer.ts";
import { loadSeats, readSeats } from "../../../services/booking/inventory.repository.ts";
import { type SeatLockMode, SeatLocks } from "../../../services/booking/seat.locks.ts";
import { pendingHold } from "./pending-hold.ts";

const quiet = { trace() {}, debug() {}, info() {}, warn() {}, error() {}, fatal() {} };

/** The hold path of one node, as booking.desk.ts joins it, without broker and transporter. */
export class HoldDesk {
  readonly #locks: SeatLocks;
  readonly #committer: HoldCommitter;
  readonly #actors: EventActors;

  constructor(
    pool: Pool,
    mode: SeatLockMode = "off",
    { urls = [process.env.REDIS_URL as string], ttlMs = 3_000 }: { urls?: readonly string[]; ttlMs?: number } = {},
  ) {
    this.#locks = new SeatLocks({ mode, urls, ttlMs, logger: quiet as never });
    this.#committer = new HoldCommitter({
      pool,
      locks: this.#locks,
      logger: quiet,
      isAway: () => false,
      wakeRelay() {},
      expire: async (bookingIds) => void (await expireBookings(pool, bookingIds)),
    });
    this.#actors = new EventActors({
      async requireOnShelf() {},
      loadSeats: (eventId) => loadSeats(pool, eventId),
      readSeats: (eventId, seatIds) => readSeats(pool, eventId, seatIds),
      committer: this.#committer,
    });
  }

  /** Holds in mailboxes, and in batches in flight. */
  get load(): { waiting: number; inFlight: number } {
    const { waiting, inFlight } = this.#committer;
    return { waiting, inFlight };
  }

  connect(): Promise<void> {
    return this.#locks.connect();
  }

  async hold(eventId: string, seatIds: readonly string[], over: Partial<PendingHold> = {}): Promise<HoldAnswer> {
    const { promise, resolve, reject } = Promise.withResolvers<HoldAnswer>();
    const deadline = Date.now() + 5_000;
    const hold = pendingHold(eventId, seatIds.toSorted(), { deadline, resolve, reject, ...over });
    await this.#actors.offer(hold);
    return promise;
  }

  async close(): Promise<void> {
    await this.#committer.drain();
    this.#actors.stop();
    await this.#locks.close();
  }
}
