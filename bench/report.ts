import { availableParallelism, cpus } from "node:os";
import { DRIVER } from "./ceiling/driver.ts";
import type { Figure, Scenario } from "./scenario.ts";

export interface Result {
  scenario: Scenario;
  figures: Figure[];
}

/** On what, with what and when it was measured. */
export const CONDITIONS = [
  `${new Date().toISOString().slice(0, 10)}, ${availableParallelism()} cores of ${cpus()[0]?.model}, Node ${process.version}`,
  `ceilings by ${DRIVER}`,
];

/** The middle one of sorted values; of two middles the lower. */
export const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) / 2)] ?? Number.NaN;

export const isMet = ({ values, bar }: Figure): boolean | undefined =>
  bar && median(values) >= (bar.atLeast ?? -Infinity) && median(values) <= (bar.atMost ?? Infinity);

/** One line a figure: median, spread, and whether the bar is met. */
export function asText({ scenario, figures }: Result): string {
  const rows = figures.map((figure) => {
    const { what, unit, values, bar } = figure;
    const spread = values.length > 1 ? `${short(Math.min(...values))} … ${short(Math.max(...values))}` : "";
    const wish = bar ? (bar.atLeast === undefined ? `≤ ${bar.atMost}` : `≥ ${bar.atLeast}`) : "";
    const met = bar ? (isMet(figure) ? "met" : "NOT MET") : "";
    const cells = [
      what.padEnd(42),
      short(median(values)).padStart(9),
      unit.padEnd(11),
      spread.padEnd(20),
      wish.padEnd(8),
      met,
    ];
    return `  ${cells.join(" ")}`.trimEnd();
  });
  return [`${scenario.name}: ${scenario.what}`, ...rows, ""].join("\n");
}

export const asJson = ({ scenario, figures }: Result): object => ({
  scenario: scenario.name,
  conditions: CONDITIONS,
  figures: figures.map((figure) => ({ ...figure, median: median(figure.values), met: isMet(figure) ?? null })),
});

const short = (value: number): string =>
  Math.abs(value) >= 100 ? Math.round(value).toLocaleString("en") : value.toFixed(value < 10 ? 2 : 1);
