import type { Pool } from "pg";
import { EventixError } from "#contracts/errors.ts";
import { isDataError, retryWaitMs } from "#mixins/retryable.ts";
import { sqlState } from "#mixins/transaction.ts";
import { BatchPace } from "./batch-pace.ts";
import { type EventActor, isInVain, type PendingHold } from "./event.actor.ts";
import { keyOf, type Verdict } from "./hold.plan.ts";
import { commitHolds, type HoldOutcome } from "./hold.transaction.ts";
import { inTime, isAlone, later, refuseAll, resourcesOf, type Ticket } from "./hold-tickets.ts";
import type { SeatLease, SeatLocks } from "./seat.locks.ts";

export const BATCH_LIMIT = 128;
/** How often deadlines and retries of waiting holds are looked at. */
const TICK_MS = 50;
const CONTENDED_WAIT_MS = 25;

export interface CommitterPorts {
  pool: Pool;
  locks: SeatLocks;
  logger: { error(...args: unknown[]): void; warn(...args: unknown[]): void };
  /** Whether the database is known not to answer. */
  isAway(): boolean;
  /** Facts were written. */
  wakeRelay(): void;
  /** Expires bookings that have run out and stand in a hold's way. */
  expire(bookingIds: string[]): Promise<void>;
}

/** The locks of a batch ran out before it was written, and they are required. */
class LocksRanOut extends Error {}

/**
 * Commits the holds of all events of a node, in batches.
 *
 * Takes holds from all mailboxes in turn; up to four batches are in flight and no two share a seat or an Idempotency-Key.
 * Who wins is decided under row locks by hold.plan.ts; a hold is answered after its batch has committed. What a batch cannot
 * decide (a locked row, a violation, a lost connection) goes back to its mailbox, to be decided alone or again.
 */
export class HoldCommitter {
  readonly #ports: CommitterPorts;
  readonly #withMail = new Set<EventActor>();
  readonly #busyKeys = new Set<string>();
  /** In a batch in flight for which nothing has been written yet: whoever is late among them is so for good. */
  readonly #unwritten = new Set<PendingHold>();
  readonly #pace = new BatchPace(() => this.#schedule());
  /** Somebody has waited for a whole tick. */
  #overdue = false;
  #scheduled = false;
  #tick: NodeJS.Timeout | undefined;
  #onIdle: (() => void) | undefined;

  constructor(ports: CommitterPorts) {
    this.#ports = ports;
  }

  /** There is mail for this actor. Batches form by event-loop turn, not by timer: whatever came in one turn rides together. */
  wake(actor: EventActor): void {
    this.#withMail.add(actor);
    this.#schedule();
  }

  /** Holds in mailboxes. */
  get waiting(): number {
    let waiting = 0;
    for (const actor of this.#withMail) waiting += actor.mailCount;
    return waiting;
  }

  /** Holds in batches in flight. */
  get inFlight(): number {
    return this.#pace.holds;
  }

  /** Resolves when every mailbox is empty and every batch has ended. */
  async drain(): Promise<void> {
    if (this.#withMail.size > 0 || !this.#pace.isIdle) await new Promise<void>((resolve) => (this.#onIdle = resolve));
    clearTimeout(this.#tick);
    this.#pace.stop();
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#pump();
    });
  }

  #pump(): void {
    while (this.#pace.allows(this.waiting, this.#overdue)) {
      const batch = this.#collect();
      if (batch.length === 0) break;
      const ended = this.#pace.begin(batch);
      void this.#run(batch).finally(() => {
        ended();
        this.#schedule();
      });
    }
    this.#overdue = false;
    for (const actor of this.#withMail) if (!actor.hasMail) this.#withMail.delete(actor);
    if (this.#withMail.size > 0 || !this.#pace.isIdle) this.#tick ??= setTimeout(() => this.#onTick(), TICK_MS);
    else this.#onIdle?.();
  }

  #onTick(): void {
    this.#tick = undefined;
    this.#overdue = true;
    const now = Date.now();
    const isAway = this.#ports.isAway();
    for (const actor of this.#withMail) actor.refuseLate(now, this.#busyKeys, isAway);
    for (const hold of this.#unwritten) {
      if (isInVain(hold, now, isAway)) hold.reject(new EventixError("SERVICE_UNAVAILABLE"));
    }
    this.#schedule();
  }

  /** A hold that must go alone, else holds from all mailboxes in turn. */
  #collect(): Ticket[] {
    const actors = [...this.#withMail];
    for (const actor of this.#pace.hasRoomForAlone ? actors : []) {
      const hold = actor.takeAlone(this.#busyKeys);
      if (hold) return [this.#claim({ actor, hold })];
    }
    const batch: Ticket[] = [];
    const asked = new Set<EventActor>();
    for (
      let share = Math.ceil(BATCH_LIMIT / Math.max(actors.length, 1));
      share > 0;
      share = BATCH_LIMIT - batch.length
    ) {
      const before = batch.length;
      for (const actor of actors) {
        const room = Math.min(share, BATCH_LIMIT - batch.length);
        if (room === 0) break;
        asked.add(actor);
        for (const hold of actor.take(room, this.#busyKeys)) batch.push(this.#claim({ actor, hold }));
      }
      if (batch.length === before || batch.length === BATCH_LIMIT) break;
    }
    this.#rotate(asked);
    return batch;
  }

  /** Whoever was asked is asked last the next time, and the first of them last of all. */
  #rotate([first, ...more]: Iterable<EventActor>): void {
    for (const actor of first ? [...more, first] : []) if (this.#withMail.delete(actor)) this.#withMail.add(actor);
  }

  #claim(ticket: Ticket): Ticket {
    const key = keyOf(ticket.hold);
    if (key !== undefined) this.#busyKeys.add(key);
    return ticket;
  }

  async #run(batch: Ticket[]): Promise<void> {
    const again: Ticket[] = [];
    try {
      again.push(...(await this.#decide(batch)));
    } catch (error) {
      this.#fail(batch, error);
    }
    for (const { actor, hold } of batch) {
      actor.landed(hold);
      const key = keyOf(hold);
      if (key !== undefined) this.#busyKeys.delete(key);
    }
    for (const { actor, hold } of again.reverse()) actor.putBack(hold);
  }

  /** Decides a batch under its locks; returns the holds that have to be decided again. */
  async #decide(tickets: Ticket[]): Promise<Ticket[]> {
    const batch = inTime(tickets);
    if (batch.length === 0) return [];
    const holds = batch.map(({ hold }) => hold);
    for (const hold of holds) this.#unwritten.add(hold);
    const written = () => {
      for (const hold of holds) this.#unwritten.delete(hold);
    };
    return this.#commit(batch, written).finally(written);
  }

  async #commit(batch: Ticket[], written: () => void): Promise<Ticket[]> {
    const lease = await this.#ports.locks.acquire(resourcesOf(batch));
    if (lease === "unreachable") return refuseAll(batch, "SERVICE_UNAVAILABLE");
    if (lease === "contended") return batch.length > 1 ? this.#halve(batch) : later(batch, CONTENDED_WAIT_MS);
    const holds = batch.map(({ hold }) => hold);
    let isWritten = false;
    const beforeWriting = () => {
      this.#checkLease(lease);
      written();
      isWritten = true;
    };
    const ended = await commitHolds(this.#ports.pool, holds, { wait: isAlone(batch), beforeWriting }).then(
      (outcome) => this.#answer(batch, outcome),
      (error: unknown) => ({ error }),
    );
    lease.release(); // before another try asks for the same locks
    if (isWritten && "error" in ended) for (const hold of holds) hold.mayExist = true;
    return "error" in ended ? this.#recover(batch, ended.error) : this.#expireFirst(ended);
  }

  #checkLease(lease: SeatLease): void {
    if (Date.now() < lease.expiresAt) return;
    this.#ports.locks.noteRunOut();
    if (this.#ports.locks.required) throw new LocksRanOut();
  }

  #answer(batch: Ticket[], { verdicts, seats, readAt, clockOffsetMs }: HoldOutcome): Undecided {
    const byEvent = Map.groupBy(seats, (seat) => seat.eventId);
    for (const actor of new Set(batch.map((ticket) => ticket.actor)))
      actor.learn(byEvent.get(actor.eventId) ?? [], readAt, clockOffsetMs);
    const again: Ticket[] = [];
    const runOut = new Set<string>();
    batch.forEach((ticket, n) => {
      const verdict = verdicts[n] as Verdict;
      if (verdict.kind === "granted") ticket.hold.resolve({ booking: verdict.booking, replayed: false });
      else if (verdict.kind === "answered") ticket.hold.resolve(verdict);
      else if (verdict.kind === "refused") ticket.hold.reject(verdict.error);
      else {
        if (verdict.kind === "alone") ticket.hold.alone = true;
        else for (const id of verdict.bookingIds) runOut.add(id);
        this.#unwritten.add(ticket.hold);
        again.push(ticket);
      }
    });
    if (verdicts.some((v) => v.kind === "granted")) this.#ports.wakeRelay();
    return { again, runOut };
  }

  /** A run-out hold is expired whole, in a transaction of its own: whoever has seats locked never waits for a booking. */
  async #expireFirst({ again, runOut }: Undecided): Promise<Ticket[]> {
    if (runOut.size === 0) return again;
    try {
      await this.#ports.expire([...runOut].sort());
    } catch (error) {
      if (again.length === 1) return this.#recover(again, error);
      // Each by itself: a booking that is locked, or cannot be expired, holds up only those who want its seats.
      for (const { hold } of again) hold.alone = true;
    }
    return again;
  }

  /** A failed batch is halved until what fails is alone; what may pass later is tried again until its deadline. */
  async #recover(batch: Ticket[], error: unknown): Promise<Ticket[]> {
    const guilty = isDataError(error) || /^(40|55|57014)/.test(sqlState(error) ?? "");
    if (guilty && batch.length > 1) return this.#halve(batch);
    if (guilty) for (const { hold } of batch) hold.alone = true;
    const waitMs = error instanceof LocksRanOut || isViolation(error) ? CONTENDED_WAIT_MS : retryWaitMs(error);
    if (waitMs === undefined) return this.#fail(batch, error);
    this.#ports.logger.warn(`holds are decided again: ${(error as Error).message}`);
    return later(batch, waitMs);
  }

  /** What no other try can mend is a bug of ours. */
  #fail(batch: Ticket[], error: unknown): Ticket[] {
    this.#ports.logger.error({ err: error }, `${batch.length} holds failed: ${(error as Error).message}`);
    return refuseAll(batch, "INTERNAL_ERROR");
  }

  async #halve(batch: Ticket[]): Promise<Ticket[]> {
    const middle = Math.ceil(batch.length / 2);
    const first = await this.#decide(batch.slice(0, middle));
    return [...first, ...(await this.#decide(batch.slice(middle)))];
  }
}

/** What a committed batch left open, and the run-out bookings that stand in its way. */
interface Undecided {
  again: Ticket[];
  runOut: ReadonlySet<string>;
}

/** Another transaction was first: the next try sees what it did. */
const isViolation = (error: unknown) => sqlState(error)?.startsWith("23") ?? false;
