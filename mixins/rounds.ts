/**
 * Splits a batch so that round n holds each subject's n-th item: within a round no subject comes twice, and a subject's items
 * keep their order from round to round.
 */
export function rounds<T>(items: readonly T[], subjectOf: (item: T) => string): T[][] {
  const seen = new Map<string, number>();
  const result: T[][] = [];
  for (const item of items) {
    const subject = subjectOf(item);
    const n = seen.get(subject) ?? 0;
    seen.set(subject, n + 1);
    result[n] ??= [];
    result[n].push(item);
  }
  return result;
}
