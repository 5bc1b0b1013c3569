import type { KafkaLogger } from "./kafka.connection.ts";

/** The part of Moleculer's logger that is used. */
interface OutageLogger extends KafkaLogger {
  info(...args: unknown[]): void;
}

const REMIND_MS = 60_000;
/** Kafka may answer one client while it refuses another: it is back when nobody complained for so long. */
const QUIET_MS = 3_000;

/**
 * Says once that Kafka makes trouble, at most once a minute that it still does, and once that it is well again. kafkajs alone
 * says more than a hundred lines a minute at its retries; what is not said here is logged for debugging.
 */
export class OutageLog {
  readonly #logger: OutageLogger;
  readonly #now: () => number;
  #since: number | undefined;
  #saidAt = Number.NEGATIVE_INFINITY;
  #lastAt = 0;
  #unsaid = 0;

  /** `now` in ms, by a clock that never goes back. */
  constructor(logger: OutageLogger, now: () => number = () => performance.now()) {
    this.#logger = logger;
    this.#now = now;
  }

  trouble(text: string, ...details: unknown[]): void {
    const now = this.#now();
    this.#lastAt = now;
    if (now - this.#saidAt < REMIND_MS) {
      this.#unsaid++;
      this.#logger.debug(text, ...details);
      return;
    }
    const more = this.#unsaid > 0 ? ` (and ${this.#unsaid} more like it since)` : "";
    this.#logger.warn(`Trouble with Kafka${more}: ${text}`, ...details);
    this.#since ??= now;
    this.#saidAt = now;
    this.#unsaid = 0;
  }

  /** Something came from Kafka. */
  answered(): void {
    if (this.#since === undefined || this.#now() - this.#lastAt < QUIET_MS) return;
    this.#logger.info(`Kafka answers again, after ${Math.round((this.#lastAt - this.#since) / 1000)} s of trouble.`);
    this.#since = undefined;
    this.#unsaid = 0;
  }
}
