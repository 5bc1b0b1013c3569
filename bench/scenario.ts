import type { World } from "./world.ts";

/** What a bench run is asked to do. */
export interface Effort {
  /** Of each load. */
  seconds: number;
  repeats: number;
  /** Shares of the sizes of the tables; 1 for figures, less to see only that everything works. */
  scale: number;
}

/** One thing that is measured, once a repeat. */
export interface Figure {
  what: string;
  unit: string;
  values: number[];
  /** What must be reached: `atLeast` and `atMost` speak of the median, in the unit of the figure. */
  bar?: { atLeast?: number; atMost?: number };
}

/** A part of the engine under a load of its own. */
export interface Scenario {
  name: string;
  what: string;
  run(world: World, effort: Effort): Promise<Figure[]>;
}

/** Measures the same things in each repeat, one after another, so that what disturbs the machine disturbs all alike. */
export async function repeated<Name extends string>(
  { repeats }: Effort,
  measure: () => Promise<Record<Name, number>>,
): Promise<Record<Name, number[]>> {
  const runs: Record<Name, number>[] = [];
  for (let repeat = 0; repeat < repeats; repeat++) runs.push(await measure());
  const names = Object.keys(runs[0] ?? {}) as Name[];
  return Object.fromEntries(names.map((name) => [name, runs.map((run) => run[name])])) as Record<Name, number[]>;
}

/** Value by value. */
export const ratio = (values: readonly number[], ceilings: readonly number[]): number[] =>
  values.map((value, n) => value / (ceilings[n] as number));
