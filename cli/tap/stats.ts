import { table } from "../inspect/text.ts";
import { utcTime } from "./line.ts";
import type { Tapped } from "./tapped.ts";

/** A rate is that of the last seconds. */
const RATE_WINDOW_MS = 10_000;

interface Count {
  total: number;
  /** How many came when, by performance.now(); as far as the window reaches back. */
  recent: { at: number; records: number }[];
  /** Epoch ms. */
  latestMs: number;
}

/** How many records of which topic came, and how fast. */
export class Stats {
  readonly #counts = new Map<string, Count>();
  readonly #startedAt: number;

  constructor(now: number = performance.now()) {
    this.#startedAt = now;
  }

  add(records: readonly Tapped[], now: number = performance.now()): void {
    for (const [topic, came] of Map.groupBy(records, (record) => record.topic)) {
      const count = this.#counts.get(topic) ?? { total: 0, recent: [], latestMs: 0 };
      this.#counts.set(topic, count);
      count.total += came.length;
      count.recent.push({ at: now, records: came.length });
      count.latestMs = Math.max(count.latestMs, ...came.map(({ time }) => time.getTime()));
    }
  }

  text(date: Date = new Date(), now: number = performance.now()): string {
    const window = Math.max(1_000, Math.min(RATE_WINDOW_MS, now - this.#startedAt));
    const rows = [...this.#counts]
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([topic, count]) => {
        count.recent = count.recent.filter(({ at }) => at > now - window);
        return { topic, count, perSecond: (sum(count.recent.map(({ records }) => records)) * 1_000) / window };
      });
    const all = { total: sum(rows.map(({ count }) => count.total)), perSecond: sum(rows.map((row) => row.perSecond)) };
    const cells = rows.map(({ topic, count, perSecond }) => [
      topic,
      ...numbers(count.total, perSecond),
      utcTime(new Date(count.latestMs), date),
    ]);
    const footer = rows.length > 1 ? [["all", ...numbers(all.total, all.perSecond), ""]] : [];
    return table(
      ["TOPIC", right("FACTS", 9), right("A SECOND", 9), "LATEST"],
      [...cells, ...footer],
      "No facts came yet.",
    );
  }
}

const right = (text: string, width: number) => text.padStart(width);
const numbers = (total: number, perSecond: number) => [right(String(total), 9), right(perSecond.toFixed(1), 9)];
const sum = (numbers: readonly number[]) => numbers.reduce((total, n) => total + n, 0);
