import type { BookingResponse } from "#contracts/booking.ts";
import { EventixError } from "#contracts/errors.ts";
import { keyOf } from "./hold.plan.ts";
import type { BatchedHold } from "./hold.transaction.ts";
import type { SeatMemory, SeatReading } from "./seat.memory.ts";

export interface HoldAnswer {
  booking: BookingResponse;
  /** The answer is the one kept under the Idempotency-Key. */
  replayed: boolean;
}

/** A hold on its way: in a mailbox, or in a batch. Gets exactly one answer. */
export interface PendingHold extends BatchedHold {
  /** May be refused from memory: it has no Idempotency-Key and was not sent before. */
  refusable: boolean;
  /** Its gateway is on another node: it comes over Kafka, and its answer goes there. */
  remote: boolean;
  /** To be decided in a transaction of its own, which waits for locked rows. */
  alone: boolean;
  /** Epoch ms before which another try is of no use. */
  notBefore: number;
  resolve(answer: HoldAnswer): void;
  reject(error: Error): void;
}

/** Beyond this a buyer would not be answered before the deadline: refuse at once instead. */
const MAILBOX_LIMIT = 4_000;
/** A seat read longer ago than this may have come free without our being told. */
const FRESH_MS = 1_000;

type Judgement = { kind: "batch" } | { kind: "refuse"; error: EventixError } | { kind: "reread"; seatIds: string[] };

export interface ActorPorts {
  /** Reads a few seats by key; `now` is the database's time in epoch ms. */
  readSeats(eventId: string, seatIds: string[]): Promise<{ now: number; seats: SeatReading[] }>;
  /** There is mail. */
  wake(actor: EventActor): void;
}

/**
 * The seats of one event, sold one batch at a time.
 *
 * Key: eventId. Usually one per event in the cluster; two at once are safe, only slower: Postgres decides.
 * Owns: a copy of seat states, trusted for a second, and the order of holds that reached this node.
 * Guarantees: every hold gets one answer; holds that want the same seat are decided in the order they came.
 * Does not: write. The node's committer takes holds from the mailbox and answers them.
 * Called by: booking.create, for each hold; the committer; seats.released, when seats come free elsewhere.
 */
export class EventActor {
  readonly eventId: string;
  readonly #ports: ActorPorts;
  readonly #memory: SeatMemory;
  #mailbox: PendingHold[] = [];
  /** Seats of holds in batches in flight. */
  readonly #inFlight = new Set<string>();
  #toReread = new Set<string>();
  #rereading = false;
  /** What to add to this node's clock to get the database's. */
  #clockOffsetMs = 0;
  #activeAt = performance.now();

  constructor(eventId: string, memory: SeatMemory, now: number, ports: ActorPorts) {
    this.eventId = eventId;
    this.#memory = memory;
    this.#ports = ports;
    this.#clockOffsetMs = now - Date.now();
  }

  get hasMail(): boolean {
    return this.#mailbox.length > 0;
  }

  get mailCount(): number {
    return this.#mailbox.length;
  }

  get seatCount(): number {
    return this.#memory.size;
  }

  /** Milliseconds without a hold. */
  get idleMs(): number {
    return this.hasMail || this.#inFlight.size > 0 ? 0 : performance.now() - this.#activeAt;
  }

  /** Takes a hold in, or answers it at once from memory. */
  offer(hold: PendingHold): void {
    this.#activeAt = performance.now();
    const judgement = this.#judge(hold);
    if (judgement.kind === "refuse") hold.reject(judgement.error);
    else if (this.#mailbox.length >= MAILBOX_LIMIT) hold.reject(new EventixError("SERVICE_UNAVAILABLE"));
    else {
      this.#mailbox.push(hold);
      this.#ports.wake(this);
    }
  }

  /** Puts a hold that was taken back where it was: before all that came later. */
  putBack(hold: PendingHold): void {
    this.#mailbox.unshift(hold);
    this.#ports.wake(this);
  }

  /**
   * Takes up to `max` holds for a batch, oldest first, none that shares a seat or key with a batch in flight or with an older
   * hold that has to wait. Those of one key ride together: the first that is granted answers the others. Answers those that
   * memory or their deadline decides.
   */
  take(max: number, busyKeys: ReadonlySet<string>): PendingHold[] {
    return this.#scan(max, busyKeys, false);
  }

  /** Takes the oldest hold that has to go alone, if it may go now. */
  takeAlone(busyKeys: ReadonlySet<string>): PendingHold | undefined {
    return this.#mailbox.some((hold) => hold.alone) ? this.#scan(1, busyKeys, true)[0] : undefined;
  }

  /** A batch with this hold has ended. */
  landed(hold: PendingHold): void {
    for (const seatId of hold.seatIds) this.#inFlight.delete(seatId);
  }

  /** `readAt` is of the process's monotonic clock; `clockOffsetMs` is what the database's clock was ahead of this node's, if known. */
  learn(seats: readonly Omit<SeatReading, "index">[], readAt: number, clockOffsetMs = Number.NaN): void {
    if (!Number.isNaN(clockOffsetMs)) this.#clockOffsetMs = clockOffsetMs;
    for (const seat of seats) this.#memory.learn(seat, readAt);
  }

  /** Seat indexes of a hold's seats, for their locks; an unknown seat has none. */
  indexesOf(hold: PendingHold): number[] {
    return hold.seatIds.flatMap((seatId) => {
      const at = this.#memory.find(seatId);
      return at < 0 ? [] : [this.#memory.indexOf(at)];
    });
  }

  /** Answers holds whose deadline has passed, or that wait for a database that is away. */
  refuseLate(now: number, busyKeys: ReadonlySet<string>, isAway = false): void {
    if (!this.#mailbox.some((hold) => isInVain(hold, now, isAway))) return;
    const [late, rest] = [[] as PendingHold[], [] as PendingHold[]];
    for (const hold of this.#mailbox) (isInVain(hold, now, isAway) ? late : rest).push(hold);
    this.#mailbox = rest;
    for (const hold of late) hold.reject(lateError(hold, busyKeys));
  }

  #scan(max: number, busyKeys: ReadonlySet<string>, alone: boolean): PendingHold[] {
    const now = Date.now();
    const taken: PendingHold[] = [];
    const kept: PendingHold[] = [];
    const claimed = new Set<string>();
    const claimedKeys = new Set<string>();
    let n = 0;
    for (; n < this.#mailbox.length && taken.length < max; n++) {
      const hold = this.#mailbox[n] as PendingHold;
      const judgement = hold.deadline <= now ? late(hold, busyKeys) : this.#judge(hold);
      if (judgement.kind === "refuse") {
        hold.reject(judgement.error);
        continue;
      }
      const key = keyOf(hold);
      const waits =
        judgement.kind === "reread" ||
        hold.alone !== alone ||
        hold.notBefore > now ||
        (key !== undefined && (busyKeys.has(key) || claimedKeys.has(key))) ||
        hold.seatIds.some((seatId) => this.#inFlight.has(seatId) || claimed.has(seatId));
      if (judgement.kind === "reread") this.#reread(judgement.seatIds);
      if (waits) for (const seatId of hold.seatIds) claimed.add(seatId);
      if (waits && key !== undefined) claimedKeys.add(key);
      (waits ? kept : taken).push(hold);
    }
    this.#mailbox = [...kept, ...this.#mailbox.slice(n)];
    for (const hold of taken) for (const seatId of hold.seatIds) this.#inFlight.add(seatId);
    return taken;
  }

  #judge(hold: PendingHold): Judgement {
    // What is taken may have been taken by itself, when it was tried before: its booking is looked up first.
    if (!hold.refusable || hold.mayExist) return { kind: "batch" };
    const now = Date.now() + this.#clockOffsetMs;
    const freshSince = performance.now() - FRESH_MS;
    const taken = hold.seatIds
      .map((seatId) => ({ seatId, at: this.#memory.find(seatId) }))
      .filter(({ at }) => at >= 0 && this.#memory.isTaken(at, now));
    if (taken.length === 0) return { kind: "batch" };
    if (!taken.some(({ at }) => this.#memory.readAt(at) >= freshSince)) {
      return { kind: "reread", seatIds: taken.map(({ seatId }) => seatId) };
    }
    const conflicts = taken.map(({ seatId, at }) => ({ seatId, status: this.#memory.statusOf(at) }));
    return { kind: "refuse", error: new EventixError("SEAT_ALREADY_RESERVED", { conflicts }) };
  }

  /** Reads seats known taken but not lately, once for all holds that ask meanwhile. */
  #reread(seatIds: readonly string[]): void {
    for (const seatId of seatIds) this.#toReread.add(seatId);
    if (this.#rereading) return;
    this.#rereading = true;
    setImmediate(() => {
      const asked = [...this.#toReread];
      this.#toReread = new Set();
      const readAt = performance.now();
      this.#ports
        .readSeats(this.eventId, asked)
        .then(
          ({ seats, now }) => this.learn(seats, readAt, now - Date.now()),
          // Unread they would wait for ever: let the holds go to the database, which decides and says what is wrong.
          () => this.#letThrough(asked),
        )
        .finally(() => {
          this.#rereading = false;
          this.#ports.wake(this);
        });
    });
  }

  #letThrough(seatIds: readonly string[]): void {
    const unread = new Set(seatIds);
    for (const hold of this.#mailbox) if (hold.seatIds.some((id) => unread.has(id))) hold.refusable = false;
  }
}

/** Nobody waits for it any more, or it cannot be written; what may have been written is told apart only by waiting. */
export const isInVain = ({ deadline, mayExist }: PendingHold, now: number, isAway: boolean): boolean =>
  deadline <= now || (isAway && !mayExist);

const late = (hold: PendingHold, busyKeys: ReadonlySet<string>): Judgement => ({
  kind: "refuse",
  error: lateError(hold, busyKeys),
});

function lateError(hold: PendingHold, busyKeys: ReadonlySet<string>): EventixError {
  const key = keyOf(hold);
  return new EventixError(key !== undefined && busyKeys.has(key) ? "REQUEST_IN_PROGRESS" : "SERVICE_UNAVAILABLE");
}
