import { readFileSync, writeFileSync } from "node:fs";
import { cpus, release, totalmem, type } from "node:os";
import { join } from "node:path";
import { median } from "./report.ts";
import type { Effort, Figure } from "./scenario.ts";

/**
 * What is known of each stage of a booking, and of the requests that are none. Names of processes stand for processor time;
 * `wal`, `facts`, `calls` and `loopback` for bytes that go there.
 */
export const STAGES = {
  /** From the request to the answer, the facts left in the outbox. */
  hold: ["gateway", "booking", "postgres booking", "kafka", "redis", "wal", "calls", "loopback"],
  /** `booking.created` and `seat.changed`, from the outbox to Kafka. */
  relay: ["booking", "postgres booking", "kafka", "wal", "facts", "loopback", "rows", "a second"],
  /** All the rest: payment's consumer, worker and relay, booking's consumer, and its relay of what that changed. */
  payment: ["booking", "payment", "postgres booking", "postgres payment", "kafka", "wal", "facts", "loopback"],
  /** A hold that comes too late, and is told so from memory. */
  refusal: ["gateway", "booking", "postgres booking", "kafka", "calls", "loopback"],
  /** The availability of a hall of 50,000 seats. */
  look: ["gateway", "loopback"],
  /** One read of a hall of 50,000 seats, of which half are taken, as bits, and the answer to the only one who asked. */
  read: ["booking", "postgres booking"],
  /** What one look in 250 ms asks for behind a gateway: an answer more, of a read that is shared. */
  answer: ["booking", "kafka", "calls"],
} as const;

export type Stage = keyof typeof STAGES;
export type Costs = { [S in Stage]: Record<(typeof STAGES)[S][number], number> };

export interface SavedCosts {
  /** The day, and where. */
  measured: string;
  machine: string;
  repeats: number;
  seconds: number;
  costs: Costs;
}

const UNITS: Record<string, string> = {
  ...{ wal: "bytes", facts: "bytes", calls: "bytes", loopback: "bytes" },
  ...{ rows: "rows", "a second": "bookings/s" },
};

/** Each part of each stage, by the name of its figure. */
export const COST_FIGURES = Object.entries(STAGES).flatMap(([stage, parts]) =>
  parts.map((part) => ({ stage: stage as Stage, part, what: `${stage}: ${part}`, unit: UNITS[part] ?? "µs" })),
);

const FILE = join(import.meta.dirname, "costs.json");

/** The costs that were last measured and kept. */
export const savedCosts = (): SavedCosts => JSON.parse(readFileSync(FILE, "utf8"));

/** The medians of the figures of `costs`, with the day and the machine. */
export function costsOf(
  figures: readonly Figure[],
  { repeats, seconds }: Pick<Effort, "repeats" | "seconds">,
): SavedCosts {
  const costs: Record<string, Record<string, number>> = {};
  for (const { stage, part, what } of COST_FIGURES) {
    const figure = figures.find((one) => one.what === what);
    if (!figure) throw new TypeError(`nothing was measured of ${what}`);
    costs[stage] = { ...costs[stage], [part]: Number(median(figure.values).toPrecision(3)) };
  }
  const measured = new Date().toISOString().slice(0, 10);
  return { measured, machine: machine(), repeats, seconds, costs: costs as Costs };
}

/** Keeps them where the model finds them. */
export const saveCosts = (costs: SavedCosts): void => writeFileSync(FILE, `${JSON.stringify(costs, null, 2)}\n`);

function machine(): string {
  const cores = cpus();
  const memory = Math.round(totalmem() / 2 ** 30);
  return `${cores.length} × ${cores[0]?.model}, ${memory} GB, ${type()} ${release().split("-")[0]}, Node ${process.versions.node}`;
}
