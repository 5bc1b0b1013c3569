import { setTimeout as sleep } from "node:timers/promises";
import type { FactReader } from "#mixins/fact-reader.ts";
import { Merge } from "./merge.ts";
import { type Tapped, tapped } from "./tapped.ts";

const RETRY_MS = 500;

interface Following {
  signal: AbortSignal;
  /** Records in the order of time, as far as they come in time; waited for. */
  each: (records: Tapped[]) => void | Promise<void>;
  /** Kafka does not answer; called once until `back`. */
  away: (error: Error) => void;
  back: () => void;
}

/** Hands over what the reader finds until the signal, over all outages. */
export async function follow(reader: FactReader, { signal, each, away, back }: Following): Promise<void> {
  let merge: Merge | undefined;
  let isAway = false;
  while (!signal.aborted) {
    try {
      merge ??= new Merge(await reader.open());
      const records = await reader.fetch(merge.wanted, merge.waitMs());
      merge.add(records.map((read) => ({ place: read.record, tapped: tapped(read) })));
      if (isAway) back();
      isAway = false;
    } catch (error) {
      if (signal.aborted) break;
      if (!isAway) away(error as Error);
      isAway = true;
      await sleep(RETRY_MS, undefined, { signal }).catch(() => {});
    }
    const records = merge?.take() ?? [];
    if (records.length > 0 && !signal.aborted) await each(records);
  }
}
