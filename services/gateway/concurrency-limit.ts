/** What a gateway answers in a third of a second on a slow machine: so many may always be under way. */
const LEAST = 500;
/** The same on a fast one: never more. */
const MOST = 2_000;
/** What an answer may take on average before fewer are let in. */
const ANSWER_MS = 300;
const WINDOW_MS = 200;
/** By how many more are let in for each window that was quick enough. */
const STEP = 50;

/**
 * How many requests a gateway may have under way, by what its answers take. Where they take too long, as many are let in as were
 * answered in the time that they may take (Little's law: those under way are the rate times the wait; J. D. C. Little, 1961):
 * with more in the queue all would wait longer, and no more would be served. Else it grows again, step by step.
 */
export class ConcurrencyLimit {
  readonly #now: () => number;
  #current = MOST;
  #since: number;
  #answers = 0;
  #totalMs = 0;

  /** `now` in ms, of a clock that never goes back. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
    this.#since = now();
  }

  get current(): number {
    return this.#current;
  }

  /** A request was answered, or given up by its client, after so many ms; so many others are under way. */
  observe(ms: number, underWay: number): void {
    this.#answers++;
    this.#totalMs += ms;
    const elapsedMs = this.#now() - this.#since;
    if (elapsedMs >= WINDOW_MS) this.#judge(elapsedMs, underWay);
  }

  #judge(elapsedMs: number, underWay: number): void {
    // A long import, with hardly anybody beside it, says nothing of how a crowd would wait.
    const isSlow = underWay > LEAST && this.#totalMs / this.#answers > ANSWER_MS;
    const answered = Math.round((this.#answers / elapsedMs) * ANSWER_MS);
    this.#current = isSlow ? within(Math.min(answered, this.#current)) : within(this.#current + STEP);
    this.#since += elapsedMs;
    this.#answers = 0;
    this.#totalMs = 0;
  }
}

const within = (limit: number): number => Math.min(MOST, Math.max(LEAST, limit));
