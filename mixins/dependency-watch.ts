import { setImmediate as nextTurn } from "node:timers/promises";
import type { Logger } from "moleculer";
import type { HealthPart } from "#broker/node-health.ts";
import type { Dependency } from "#contracts/health.ts";

export interface Watched extends Pick<Dependency, "name" | "service" | "required"> {
  /** Resolves when it answers. Gives up, and lets go of what it holds, when `signal` aborts. */
  ask(signal: AbortSignal): Promise<void>;
  /** Lets go of what it asks through. */
  close?(): Promise<void>;
  logger: Logger;
  /** It was up and does not answer any more. */
  onDown?(): void;
  onUp?(): void;
}

const EVERY_MS = 1_000;
/** A server that is well answers within a few milliseconds, under load within some hundred. */
const ANSWER_MS = 1_500;
/** Our own event loop standing still for so long makes others look slow. */
const BUSY_MS = 500;
const LOOK_MS = 50;

/**
 * Asks a dependency again and again whether it answers, one question at a time and on a connection of its own, so that what
 * waits for it can be told at once. Says in the log when it went away and when it is back.
 */
export class DependencyWatch implements HealthPart {
  readonly #watched: Watched;
  #isUp = false;
  #wasUp = false;
  #latencyMs: number | null = null;
  #since = new Date();
  #asking: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(watched: Watched) {
    this.#watched = watched;
  }

  get isDown(): boolean {
    return !this.#isUp;
  }

  /** Resolves after the first question. */
  start(): Promise<void> {
    return this.askNow();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#watched.close?.();
  }

  /** Somebody met an error that looks like its loss: the next question need not wait for its time. */
  askNow(): Promise<void> {
    if (this.#stopped) return Promise.resolve();
    clearTimeout(this.#timer);
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = undefined;
      if (!this.#stopped) this.#timer = setTimeout(() => void this.askNow(), EVERY_MS).unref();
    });
    return this.#asking;
  }

  hindrance(): string | undefined {
    return this.#watched.required && !this.#isUp ? `${this.#title} does not answer` : undefined;
  }

  dependency(): Dependency {
    const { name, service, required } = this.#watched;
    const state = this.#isUp ? "up" : "down";
    return { name, service, state, required, latencyMs: this.#latencyMs, since: this.#since.toISOString() };
  }

  async #ask(isLast = false): Promise<void> {
    const began = performance.now();
    const tooLate = new AbortController();
    const timer = setTimeout(() => void this.#giveUp(tooLate), ANSWER_MS);
    const ownDelayMs = measureOwnDelay();
    try {
      await this.#watched.ask(tooLate.signal);
      this.#answered(performance.now() - began);
    } catch (error) {
      // A client's own time-out may have struck before it read the answer.
      if (ownDelayMs() > BUSY_MS && !isLast) return this.#ask(true);
      this.#failed(error as Error);
    } finally {
      ownDelayMs();
      clearTimeout(timer);
    }
  }

  /** Where our own event loop was busy, the answer may lie unread: it is read before we judge. */
  async #giveUp(tooLate: AbortController): Promise<void> {
    await nextTurn();
    await nextTurn();
    tooLate.abort(new Error(`no answer within ${ANSWER_MS} ms`));
  }

  #answered(ms: number): void {
    this.#latencyMs = Math.round(ms * 10) / 10;
    if (this.#isUp || this.#stopped) return;
    if (this.#wasUp) {
      const seconds = Math.round((Date.now() - this.#since.getTime()) / 1_000);
      this.#watched.logger.info(`${this.#title} answers again, after ${seconds} s`);
    }
    this.#wasUp = true;
    this.#isUp = true;
    this.#since = new Date();
    this.#watched.onUp?.();
  }

  #failed(error: Error): void {
    this.#latencyMs = null;
    if (!this.#isUp || this.#stopped) return;
    this.#watched.logger.warn(`${this.#title} does not answer: ${error.message}`);
    this.#isUp = false;
    this.#since = new Date();
    this.#watched.onDown?.();
  }

  get #title(): string {
    const { name, service } = this.#watched;
    return service === null ? name : `${name} of ${service}`;
  }
}

/** Ends with how long the event loop stood still at most meanwhile. */
function measureOwnDelay(): () => number {
  let [lastAt, longest] = [performance.now(), 0];
  const look = () => {
    const now = performance.now();
    longest = Math.max(longest, now - lastAt - LOOK_MS);
    lastAt = now;
  };
  const timer = setInterval(look, LOOK_MS);
  return () => {
    clearInterval(timer);
    look();
    return longest;
  };
}
