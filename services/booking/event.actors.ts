import { LRUCache } from "lru-cache";
import { EventixError } from "#contracts/errors.ts";
import { retryWaitMs } from "#mixins/retryable.ts";
import { EventActor, type PendingHold } from "./event.actor.ts";
import type { HoldCommitter } from "./hold.committer.ts";
import { SeatMemory, type SeatReading } from "./seat.memory.ts";

/** All seats that a node keeps in memory at once: about 450 MB of them. */
const SEATS_LIMIT = 10_000_000;
const IDLE_MS = 10 * 60_000;
const REST_EVERY_MS = 60_000;

export interface ActorsPorts {
  /** Resolves when the event is on the shelf; throws the refusal that a buyer is to see. */
  requireOnShelf(eventId: string): Promise<void>;
  loadSeats(eventId: string): Promise<{ now: number; seats: SeatReading[] }>;
  readSeats(eventId: string, seatIds: string[]): Promise<{ now: number; seats: SeatReading[] }>;
  committer: HoldCommitter;
}

/**
 * The live event actors of a node: one is made at the first hold for an event that is on the shelf, and put to rest when
 * nobody has asked for ten minutes, or, longest unused first, when all of them remember too many seats.
 */
export class EventActors {
  readonly #ports: ActorsPorts;
  readonly #awake = new LRUCache<string, EventActor>({ maxSize: SEATS_LIMIT, sizeCalculation: (a) => a.seatCount + 1 });
  readonly #waking = new Map<string, Promise<EventActor>>();
  readonly #rest: NodeJS.Timeout;

  constructor(ports: ActorsPorts) {
    this.#ports = ports;
    this.#rest = setInterval(() => this.#putToRest(), REST_EVERY_MS).unref();
  }

  /** How many are awake. */
  get awake(): number {
    return this.#awake.size;
  }

  /** Gives a hold to its event's actor. Throws EVENT_NOT_FOUND, EVENT_NOT_ON_SALE; SERVICE_UNAVAILABLE at its deadline. */
  async offer(hold: PendingHold): Promise<void> {
    const actor = this.#awake.get(hold.eventId) ?? (await before(hold.deadline, this.#wake(hold.eventId)));
    actor.offer(hold);
  }

  /** Seats came free elsewhere: a hint, and none of an event that nobody here asks for. */
  released(eventId: string, seats: readonly { seatId: string; version: number }[]): void {
    const actor = this.#awake.get(eventId);
    actor?.learn(
      seats.map((seat) => ({ ...seat, status: "AVAILABLE", heldUntil: null })),
      performance.now(),
    );
  }

  stop(): void {
    clearInterval(this.#rest);
  }

  #wake(eventId: string): Promise<EventActor> {
    let waking = this.#waking.get(eventId);
    if (!waking) {
      waking = this.#make(eventId).finally(() => this.#waking.delete(eventId));
      this.#waking.set(eventId, waking);
    }
    return waking;
  }

  async #make(eventId: string): Promise<EventActor> {
    await this.#ports.requireOnShelf(eventId);
    const readAt = performance.now();
    const { now, seats } = await this.#ports.loadSeats(eventId).catch((error: Error) => {
      throw retryWaitMs(error) === undefined ? error : new EventixError("SERVICE_UNAVAILABLE");
    });
    const actor = new EventActor(eventId, new SeatMemory(seats, readAt), now, {
      readSeats: this.#ports.readSeats,
      wake: (awake) => this.#ports.committer.wake(awake),
    });
    this.#awake.set(eventId, actor);
    return actor;
  }

  /** A resting actor with mail lives on in the committer until its mailbox is empty; two at once are safe. */
  #putToRest(): void {
    for (const [eventId, actor] of this.#awake.entries()) if (actor.idleMs > IDLE_MS) this.#awake.delete(eventId);
  }
}

/** What `work` gives, or SERVICE_UNAVAILABLE at the deadline (epoch ms); `work` goes on for others who wait for it. */
function before<T>(deadline: number, work: Promise<T>): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new EventixError("SERVICE_UNAVAILABLE")), deadline - Date.now());
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}
