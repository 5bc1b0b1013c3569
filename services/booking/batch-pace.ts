import { isAlone, type Ticket } from "./hold-tickets.ts";

export const BATCHES_IN_FLIGHT = 4;
/** A batch costs much however few holds it has: one of less than these does not begin beside another, nor in a rest. */
export const SMALL = 48;
/** A rest lasts so many times as long as the batch before it took, at most `LONGEST_REST_MS`. */
const REST = 3;
export const LONGEST_REST_MS = 60;
/** Holds on their own may wait half a second each for a locked row: they leave places to the batches of all others. */
const ALONE_IN_FLIGHT = 2;

/** The batches of a node in flight, and when another may begin: few that are large cost least. */
export class BatchPace {
  readonly #restIsOver: () => void;
  /** Their sizes. */
  readonly #inFlight: number[] = [];
  #alone = 0;
  /** Runs while no small batch may begin. */
  #rest: NodeJS.Timeout | undefined;

  constructor(restIsOver: () => void) {
    this.#restIsOver = restIsOver;
  }

  get isIdle(): boolean {
    return this.#inFlight.length === 0;
  }

  /** Holds in flight. */
  get holds(): number {
    return this.#inFlight.reduce((sum, size) => sum + size, 0);
  }

  /** Whether a hold on its own may begin, when any batch may. */
  get hasRoomForAlone(): boolean {
    return this.#alone < ALONE_IN_FLIGHT;
  }

  /**
   * Whether a batch may begin while so many holds wait; `overdue` are those who have waited for a whole tick. One that would be
   * small, or small beside those in flight, waits for them, but not when overdue and not for a hold on its own, which may take
   * long; a small one waits for the end of a rest besides. With it wait those who come meanwhile.
   */
  allows(waiting: number, overdue: boolean): boolean {
    if (this.#inFlight.length === BATCHES_IN_FLIGHT) return false;
    const others = this.#inFlight.length - this.#alone;
    if (waiting >= Math.max(SMALL, (Math.max(0, ...this.#inFlight) / 2) * others)) return true;
    return this.#rest === undefined && (others === 0 || overdue);
  }

  /** Counts a batch in; the function that it returns counts it out. */
  begin(batch: readonly Ticket[]): () => void {
    const begunAt = performance.now();
    const alone = isAlone(batch) ? 1 : 0;
    this.#inFlight.push(batch.length);
    this.#alone += alone;
    return () => {
      this.#inFlight.splice(this.#inFlight.indexOf(batch.length), 1);
      this.#alone -= alone;
      if (batch.length > 1 && batch.every(({ hold }) => hold.remote)) this.#restAfter(performance.now() - begunAt);
    };
  }

  stop(): void {
    clearTimeout(this.#rest);
  }

  /**
   * A rest after a batch that came over Kafka: each of several booking nodes has its share of the holds, but as many batches a
   * second as one would have. What a batch takes tells how much there is to do: in quiet hours it is a few milliseconds, and after
   * a batch of one hold, when hardly anybody comes, there is none. Holds of this node's own gateway spend little time but in
   * batches, and would lose by a rest more than they win.
   */
  #restAfter(batchMs: number): void {
    clearTimeout(this.#rest);
    this.#rest = setTimeout(
      () => {
        this.#rest = undefined;
        this.#restIsOver();
      },
      Math.min(REST * batchMs, LONGEST_REST_MS),
    );
  }
}
