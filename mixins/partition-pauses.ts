import type { Logger } from "moleculer";
import { underCorrelation } from "#broker/correlation.ts";
import type { Stuck } from "#contracts/health.ts";
import { StuckError } from "./apply-batch.ts";
import { type FactRecord, placeOf, readRecord } from "./fact-record.ts";
import { backOffMs, retryWaitMs, whyPassing } from "./retryable.ts";

/** What a partition waits for; `tries` counts the failures without a success in between. */
interface Pause {
  record: FactRecord;
  error: unknown;
  since: number;
  tries: number;
}

const STUCK_WAIT_MS = 1_000;
/** A partition that stays stuck says so again after this long. */
const REMIND_MS = 30_000;

/** Which partitions of a consumer wait, since when and for what, and the timers that let them go on. */
export class PartitionPauses {
  readonly #group: string;
  readonly #logger: Logger;
  readonly #paused = new Map<string, Pause & { saidAt: number; timer: NodeJS.Timeout }>();

  constructor(group: string, logger: Logger) {
    this.#group = group;
    this.#logger = logger;
  }

  /** Calls `resume` when it is time to try the batch again that starts with `record`. */
  add(record: FactRecord, error: unknown, resume: () => void): void {
    const partition = partitionOf(record);
    const before = this.#paused.get(partition);
    const tries = (before?.tries ?? 0) + 1;
    const waitMs = backOffMs(retryWaitMs(error) ?? STUCK_WAIT_MS, tries - 1);
    const now = Date.now();
    const remind = !before || now - before.saidAt >= REMIND_MS;
    const pause = {
      record: error instanceof StuckError ? error.record : record,
      error,
      since: before?.since ?? now,
      tries,
      saidAt: remind ? now : before.saidAt,
      timer: setTimeout(resume, waitMs),
    };
    this.#paused.set(partition, pause);
    if (remind) this.#say(pause);
  }

  /** The partition went on. */
  end(record: FactRecord): void {
    const partition = partitionOf(record);
    const pause = this.#paused.get(partition);
    if (!pause) return;
    this.#paused.delete(partition);
    const seconds = Math.round((Date.now() - pause.since) / 1000);
    this.#logger.info(`${this.#group}: ${partition} goes on after ${seconds} s and ${pause.tries} failures`);
  }

  /** What a partition waits for, in words that anybody may read; null when it does not. */
  stuckOn(topic: string, partition: number): Stuck | null {
    const pause = this.#paused.get(partitionOf({ topic, partition }));
    if (!pause) return null;
    return {
      offset: pause.record.offset,
      factId: readRecord(pause.record).fact?.id ?? null,
      reason: whyPassing(pause.error) ?? "a fault of ours",
      since: new Date(pause.since).toISOString(),
    };
  }

  clear(): void {
    for (const { timer } of this.#paused.values()) clearTimeout(timer);
    this.#paused.clear();
  }

  /** In the log of the request that began it all, too: whoever follows a booking is told what it waits for. */
  #say({ record, error, since, tries }: Pause): void {
    const { fact } = readRecord(record);
    const at = `${placeOf(record)} (${fact ? `fact ${fact.id}` : "no fact"})`;
    const reason = (error as Error)?.message ?? String(error);
    const waited = `${tries} tries in ${Math.round((Date.now() - since) / 1000)} s`;
    underCorrelation(fact?.correlationid, () => {
      if (retryWaitMs(error) !== undefined)
        this.#logger.warn(`${this.#group} cannot apply ${at} yet, ${waited}: ${reason}`);
      else this.#logger.error({ err: error }, `${this.#group} is stuck at ${at}, ${waited}: ${reason}`);
    });
  }
}

const partitionOf = ({ topic, partition }: Pick<FactRecord, "topic" | "partition">) => `${topic}/${partition}`;
