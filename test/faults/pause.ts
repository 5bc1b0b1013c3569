import type { History } from "./history.ts";

/** The longest time between two of these: `from`, a hold that was accepted, `to`. All epoch ms. */
export function longestPause(history: History, from: number, to: number): number {
  const accepted = history.ofKind("hold").flatMap(({ outcome, ended }) => (outcome === "ok" ? [ended] : []));
  const times = [from, ...accepted.filter((at) => at > from && at < to).sort((a, b) => a - b), to];
  return Math.max(...times.slice(1).map((at, n) => at - (times[n] as number)));
}
