import type { RunResult } from "./one-run.ts";

/** How often each fault was thrown and bit, and how often it met nothing; one whose run failed before that is in neither. */
export function countHits(
  results: readonly Pick<RunResult, "hits">[],
): Record<string, { applied: number; missed: number }> {
  const all = Map.groupBy(
    results.flatMap(({ hits }) => hits),
    ({ name }) => name,
  );
  const counted = [...all].map(([name, hits]) => {
    const applied = hits.filter(({ hasBitten }) => hasBitten).length;
    return [name, { applied, missed: hits.length - applied }] as const;
  });
  return Object.fromEntries(counted.sort(([a], [b]) => (a < b ? -1 : 1)));
}
