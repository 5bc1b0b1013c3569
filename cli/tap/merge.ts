import type { ReadPartition } from "#mixins/fact-reader.ts";
import type { Tapped } from "./tapped.ts";

/** How long the broker keeps an empty fetch waiting. */
const FETCH_WAIT_MS = 1_000;
/** A change's facts reach their topics one after another, and services publish on their own: so much is put in order. */
const GATHER_MS = 100;

/**
 * Puts the records of several partitions in the order of time, each partition's own order kept. What lay on the topics before
 * comes out in order; of what comes as it happens, that which arrives within a moment does.
 */
export class Merge {
  readonly #lanes: { place: ReadPartition; queue: Tapped[] }[];
  /** When the oldest of what is gathered came; by performance.now(). */
  #since: number | undefined;

  constructor(places: readonly ReadPartition[]) {
    this.#lanes = places.map((place) => ({ place, queue: [] }));
  }

  /** What to fetch next: while there is a past to be read, no more of a partition than the others have come to. */
  get wanted(): ReadPartition[] {
    const lanes = this.#isBehind() ? this.#lanes.filter(({ queue }) => queue.length === 0) : this.#lanes;
    return lanes.map(({ place }) => place);
  }

  /** How long to wait for it. */
  waitMs(now: number = performance.now()): number {
    return this.#since === undefined ? FETCH_WAIT_MS : Math.max(1, Math.ceil(this.#since + GATHER_MS - now));
  }

  add(
    records: readonly { place: Pick<ReadPartition, "topic" | "partition">; tapped: Tapped }[],
    now = performance.now(),
  ) {
    for (const { place, tapped } of records) {
      const lane = this.#lanes.find((l) => l.place.topic === place.topic && l.place.partition === place.partition);
      lane?.queue.push(tapped);
    }
    if (records.length > 0) this.#since ??= now;
  }

  /** What nothing older can come before any more, oldest first. */
  take(now: number = performance.now()): Tapped[] {
    if (this.#since === undefined || (!this.#isBehind() && now < this.#since + GATHER_MS)) return [];
    const taken: Tapped[] = [];
    while (!this.#lanes.some(isAwaited)) {
      const oldest = this.#oldest();
      if (!oldest) {
        this.#since = undefined;
        break;
      }
      taken.push(oldest);
    }
    return taken;
  }

  #isBehind = () => this.#lanes.some(({ place }) => place.position < place.end);

  #oldest(): Tapped | undefined {
    let first: Tapped[] | undefined;
    for (const { queue } of this.#lanes) {
      const [head, best] = [queue[0], first?.[0]];
      if (head && (!best || head.time < best.time)) first = queue;
    }
    return first?.shift();
  }
}

/** Whatever comes of it next may be older than what the others have. */
const isAwaited = ({ place, queue }: { place: ReadPartition; queue: Tapped[] }) =>
  queue.length === 0 && place.position < place.end;
