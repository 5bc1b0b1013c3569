/** Readings by name, of counters that only grow. */
export type Readings = Record<string, number>;

export interface Spent<T> {
  result: T;
  seconds: number;
  /** What each counter grew by. */
  grown: Readings;
}

/** Does something, and tells how much each counter grew meanwhile. */
export async function metered<T>(read: () => Readings | Promise<Readings>, work: () => Promise<T>): Promise<Spent<T>> {
  const before = await read();
  const began = performance.now();
  const result = await work();
  const seconds = (performance.now() - began) / 1_000;
  const after = await read();
  const grown = Object.fromEntries(Object.entries(after).map(([name, now]) => [name, now - (before[name] as number)]));
  return { result, seconds, grown };
}
