import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "moleculer";
import type { Pool } from "pg";
import type { FactPublisher } from "./fact-publisher.ts";
import { relayRound } from "./relay-round.ts";
import { backOffMs } from "./retryable.ts";
import { within } from "./within.ts";

/**
 * From the beginning of a round that took all there was to the next: a round costs Kafka, Postgres and this process as much as
 * the facts of some thirty bookings, and at 90 rounds a second they cost more than the facts.
 */
const GATHER_MS = 20;
/** How long a row may lie when nobody woke the relay: rows of other nodes' commits. */
const POLL_MS = 50;
/**
 * How often a relay that was not chosen looks, in case the chosen one is gone. One that stands still within a round keeps the lead
 * for as long as Postgres lets a transaction idle.
 */
export const STAND_BY_MS = 250;
const FIRST_BACK_OFF_MS = 100;
/** Longer than a send may take. */
const STOP_MS = 2_500;
/** kafkajs waits for the answers to what it sent, however long they do not come. */
const DISCONNECT_MS = 500;

/**
 * Moves facts from one database's outbox to Kafka for as long as it runs.
 *
 * One a service and node; which of them leads is decided anew each round. All would, in turn, and ten nodes would make ten times
 * the rounds of one, each with a tenth of the facts: so one of them is chosen, and the others stand by. Where two are, there are
 * only more rounds; where none is, facts wait a little longer. Guarantees: rows leave in the order of their ids, at least once,
 * and are deleted only after Kafka has acknowledged them. Kafka or Postgres away: says so once, tries again with back-off, says
 * when it goes on.
 */
export class Relay {
  readonly #pool: Pool;
  readonly #publisher: FactPublisher;
  readonly #logger: Logger;
  readonly #isChosen: () => boolean;
  #loop: Promise<void> | undefined;
  #stopping = false;
  #woken = false;
  #endSleep: (() => void) | undefined;
  #failures = 0;
  #failingSince = 0;

  constructor(pool: Pool, publisher: FactPublisher, logger: Logger, isChosen: () => boolean = () => true) {
    this.#pool = pool;
    this.#publisher = publisher;
    this.#logger = logger;
    this.#isChosen = isChosen;
  }

  start(): void {
    this.#loop ??= this.#run();
  }

  /** Rows were committed: look now, if it is chosen. Does not shorten the wait after a failure. */
  wake(): void {
    this.#woken = true;
    if (this.#endSleep && this.#isAwake) this.#endSleep();
  }

  get #isAwake(): boolean {
    return this.#woken && this.#failures === 0 && this.#isChosen();
  }

  /** Resolves after the running round, with the producer disconnected; does not wait for a Kafka that does not answer. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#endSleep?.();
    await within(STOP_MS, this.#loop);
    await within(DISCONNECT_MS, this.#publisher.disconnect());
  }

  async #run(): Promise<void> {
    while (!this.#stopping) {
      this.#woken = false;
      const began = performance.now();
      const waitMs = await this.#round();
      if (waitMs === 0) continue;
      if (!this.#stopping && !this.#isAwake) await this.#sleep(waitMs);
      const early = GATHER_MS - (performance.now() - began);
      if (early > 0 && !this.#stopping) await sleep(early);
    }
  }

  /** Runs a round and returns how long to wait for the next. */
  async #round(): Promise<number> {
    try {
      await this.#publisher.ready();
      const { full, published } = await relayRound(this.#pool, (rows) => this.#publisher.publish(rows));
      this.#goesOn();
      // Other nodes may write on, and do not wake this one.
      if (published > 0) this.#woken = true;
      if (full) return 0;
      return this.#isChosen() ? POLL_MS : STAND_BY_MS;
    } catch (error) {
      return this.#failed(error as Error);
    }
  }

  #failed(error: Error): number {
    if (this.#failures === 0 && !this.#stopping) {
      this.#failingSince = Date.now();
      this.#logger.error({ err: error }, `facts wait in the outbox: ${error.message}`);
    }
    return backOffMs(FIRST_BACK_OFF_MS, this.#failures++);
  }

  #goesOn(): void {
    if (this.#failures > 0) {
      const seconds = Math.round((Date.now() - this.#failingSince) / 1000);
      this.#logger.info(`facts are relayed again, after ${seconds} s and ${this.#failures} failed rounds`);
    }
    this.#failures = 0;
  }

  async #sleep(ms: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#endSleep = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#endSleep = undefined;
  }
}
