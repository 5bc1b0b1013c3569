import type { ServerResponse } from "node:http";
import { setImmediate as nextTurn, setTimeout as sleep } from "node:timers/promises";
import { ConcurrencyLimit } from "./concurrency-limit.ts";
import type { Listeners } from "./listeners.ts";

/** Requests under way get this long when the node stops; a hold is answered within 6 s. */
const DRAIN_MS = 6_500;
/** So long, at the least, all that comes is told to come back: clients with open connections, and those that do not know yet. */
const TELL_MS = 500;
/** Then it waits for a moment without anybody, which comes when load balancers have seen that the node is not ready. */
const QUIET_MS = 200;
const TELL_MAX_MS = 4_000;
/** Connections that were made just before no more were taken get this long to say what they want. */
const LAST_WORDS_MS = 200;

/** So many may wait for a deadline besides, for the memory that they take. */
const WAITING_OUT_MAX = 10_000;

/** The requests that a server is answering: how many there may be, and how they end when the node stops. */
export class RequestsUnderWay {
  readonly #answers = new Set<ServerResponse>();
  readonly #limit = new ConcurrencyLimit();
  readonly #waitingOut: () => number;
  #draining: Promise<void> | undefined;
  #onEmpty: (() => void) | undefined;
  #askedAt = 0;

  /** `waitingOut` tells how many of them only wait for a deadline, which is no load and keeps nobody out. */
  constructor(waitingOut: () => number) {
    this.#waitingOut = waitingOut;
  }

  get isDraining(): boolean {
    return this.#draining !== undefined;
  }

  get count(): number {
    return this.#answers.size;
  }

  /** Whoever comes now is told at once to come back. */
  get isFull(): boolean {
    return this.#working >= this.#limit.current;
  }

  get #working(): number {
    return this.#answers.size - Math.min(this.#waitingOut(), WAITING_OUT_MAX);
  }

  /** `isTelling` says in the end whether the time that it took tells of this gateway's load. */
  add(res: ServerResponse, isTelling: () => boolean): void {
    this.#answers.add(res);
    const askedAt = performance.now();
    this.#askedAt = askedAt;
    if (this.isDraining) res.setHeader("connection", "close");
    res.once("close", () => {
      this.#answers.delete(res);
      if (isTelling()) this.#limit.observe(performance.now() - askedAt, this.#working);
      if (this.#answers.size === 0) this.#onEmpty?.();
    });
  }

  /**
   * Lets what was begun be answered, tells every connection that it closes, then takes no more. Until then new connections are
   * taken still: a client that is answered 503 knows that nothing was done, and one that is refused a connection too, but those
   * that the kernel has taken and we have not when the server closes are reset, and cannot know.
   */
  drain(listeners: Listeners): Promise<void> {
    this.#draining ??= this.#drain(listeners);
    return this.#draining;
  }

  async #drain(listeners: Listeners): Promise<void> {
    if (!listeners.isOpen) return;
    for (const res of this.#answers) if (!res.headersSent) res.setHeader("connection", "close");
    const late = sleep(DRAIN_MS, undefined, { ref: false });
    const empty = () => (this.#answers.size === 0 ? undefined : new Promise<void>((done) => (this.#onEmpty = done)));
    await Promise.all([this.#untilQuiet(), Promise.race([empty(), late])]);
    await nextTurn();
    const closed = listeners.close();
    await sleep(LAST_WORDS_MS);
    await Promise.race([empty(), late]);
    listeners.closeAllConnections();
    await closed;
  }

  async #untilQuiet(): Promise<void> {
    const began = performance.now();
    await sleep(TELL_MS);
    while (performance.now() - began < TELL_MAX_MS) {
      const silentMs = performance.now() - this.#askedAt;
      if (silentMs >= QUIET_MS) return;
      await sleep(QUIET_MS - silentMs);
    }
  }
}
