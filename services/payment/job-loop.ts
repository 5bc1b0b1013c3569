import { setMaxListeners } from "node:events";
import type { Logger } from "moleculer";
import { retryWaitMs } from "#mixins/retryable.ts";

export interface JobLoopOptions<J> {
  name: string;
  /** Jobs running at once. */
  inFlight: number;
  claim: (limit: number) => Promise<J[]>;
  /** Runs one job; its failures are its own to handle. `stopping` aborts when there is no more time to wait. */
  run: (job: J, stopping: AbortSignal) => Promise<void>;
  logger: Logger;
}

const POLL_MS = 250;
/** Jobs claimed by one statement: large enough to be cheap, small enough that several nodes share a burst. */
const CLAIM_MAX = 128;
/** Calls to a provider that are under way when the node stops get this long, then they are given up and found again later. */
const STOP_GRACE_MS = 1_500;

/**
 * Claims jobs while there is room and runs them, several at once, for as long as it runs. Woken when there may be new jobs,
 * else it looks every 250 ms.
 */
export class JobLoop<J> {
  readonly #options: JobLoopOptions<J>;
  readonly #running = new Set<Promise<void>>();
  readonly #abort = new AbortController();
  #loop: Promise<void> | undefined;
  #stopping = false;
  #woken = false;
  #endSleep: (() => void) | undefined;
  #failing = false;

  constructor(options: JobLoopOptions<J>) {
    this.#options = options;
    // Every job in flight listens to it.
    setMaxListeners(0, this.#abort.signal);
  }

  start(): void {
    this.#loop ??= this.#run();
  }

  /** There may be new jobs. */
  wake(): void {
    this.#woken = true;
    this.#endSleep?.();
  }

  /** Claims nothing more and resolves when all running jobs have ended, within about 1.5 s. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#endSleep?.();
    await this.#loop;
    const timer = setTimeout(() => this.#abort.abort(), STOP_GRACE_MS);
    await Promise.all(this.#running);
    clearTimeout(timer);
  }

  async #run(): Promise<void> {
    while (!this.#stopping) {
      this.#woken = false;
      const room = Math.min(CLAIM_MAX, this.#options.inFlight - this.#running.size);
      const jobs = room > 0 ? await this.#claim(room) : [];
      for (const job of jobs) this.#launch(job);
      if (jobs.length > 0 && jobs.length === room) continue;
      if (!this.#woken && !this.#stopping) await this.#sleep();
    }
  }

  async #claim(room: number): Promise<J[]> {
    const { claim, name, logger } = this.#options;
    try {
      const jobs = await claim(room);
      this.#failing = false;
      return jobs;
    } catch (error) {
      const said = `${name}: cannot claim jobs: ${(error as Error).message}`;
      if (!this.#failing) logger[retryWaitMs(error) === undefined ? "error" : "warn"]({ err: error }, said);
      this.#failing = true;
      return [];
    }
  }

  #launch(job: J): void {
    const { run, name, logger } = this.#options;
    const running = run(job, this.#abort.signal)
      .catch((error: Error) => {
        // Found again when its lease runs out; that the database is away is said once, not a job.
        const level = retryWaitMs(error) === undefined ? "error" : "debug";
        logger[level]({ err: error }, `${name}: ${error.message}`);
      })
      .then(() => {
        this.#running.delete(running);
        // A full house claims again as soon as half of it is free, so that claims stay batches.
        if (this.#running.size === Math.floor(this.#options.inFlight / 2)) this.wake();
      });
    this.#running.add(running);
  }

  async #sleep(): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, POLL_MS);
      this.#endSleep = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#endSleep = undefined;
  }
}
