import { randomInt } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Command, InvalidArgumentError } from "commander";
import { eventixHome } from "#stack/home.ts";
import { FAULTS } from "./faults.ts";
import { countHits } from "./hits.ts";
import { oneRun, type RunResult } from "./one-run.ts";
import { Random } from "./random.ts";
import { readTopics } from "./read-facts.ts";
import { readBookings } from "./tables.ts";
import { within } from "./within.ts";
import { World } from "./world.ts";

/**
 * `npm run -s test:faults -- --runs N --seed S`: throws faults at real processes under load, and checks what their clients saw.
 * Run n of seed S is seed S+n-1: that seed alone, with --runs 1, draws the same clients and the same faults again.
 */

/** What a stack has seen grows, and audits read all of it. */
const RUNS_A_STACK = 20;
/** A failing run may have left servers that do not answer. */
const KEEP_MS = 30_000;

interface Options {
  runs: number;
  seed: number;
  only?: string;
  json?: true;
}

const positive = (raw: string): number => {
  if (!/^[1-9]\d{0,8}$/.test(raw)) throw new InvalidArgumentError("It must be a whole number from 1.");
  return Number(raw);
};

function known(name: string): string {
  if (FAULTS.some((fault) => fault.name === name)) return name;
  throw new InvalidArgumentError(`It must be one of ${FAULTS.map((fault) => fault.name).join(", ")}.`);
}

const options = new Command("test:faults")
  .description("Throw faults at a running system and check what its clients saw.")
  .option("--runs <n>", "how many runs", positive, 10)
  .option("--seed <s>", "of the first run; the next has the next seed; drawn when absent", positive, randomInt(1, 1e9))
  .option("--only <fault>", "throw only this fault, once a run", known)
  .option("--json", "print one JSON object a run, and one of all")
  .addHelpText("after", `\nFaults:\n${FAULTS.map(({ name, what }) => `  ${name.padEnd(20)} ${what}`).join("\n")}`)
  .parse()
  .opts<Options>();

const results: RunResult[] = [];
let world: World | undefined;
try {
  for (let n = 0; n < options.runs; n++) {
    world ??= await World.open();
    const seed = String(options.seed + n);
    const only = FAULTS.find(({ name }) => name === options.only);
    const result = await oneRun(world, new Random(seed), seed, only);
    results.push(result);
    const isRight = result.violations.length === 0;
    tell(result, isRight ? undefined : await keep(world, result));
    // What went wrong in one run must not be found again in the next.
    if (!isRight || (n + 1) % RUNS_A_STACK === 0) {
      await world.close();
      world = undefined;
    }
  }
} finally {
  await world?.close();
}
const sum = (of: (result: RunResult) => number) => results.reduce((total, result) => total + of(result), 0);
const counts = countHits(results);
const total = {
  runs: results.length,
  operations: sum((result) => result.operations),
  faults: Object.values(counts).reduce((total, { applied }) => total + applied, 0),
  violations: sum((result) => result.violations.length),
};
process.stdout.write(
  options.json
    ? `${JSON.stringify({ ...total, counts })}\n`
    : [
        ...Object.entries(counts).map(([name, { applied, missed }]) => `${name}: ${applied}/${missed}`),
        `${total.runs} runs, ${total.operations} operations, ${total.faults} faults, ${total.violations} violations\n`,
      ].join("\n"),
);
process.exit(total.violations > 0 ? 1 : 0);

function tell({ history, halls, since, ...result }: RunResult, kept: string | undefined): void {
  if (options.json) {
    process.stdout.write(`${JSON.stringify({ ...result, kept })}\n`);
    return;
  }
  const { seed, operations, granted, pauseMs, faults, hits, violations, seconds } = result;
  const missed = hits.filter(({ hasBitten }) => !hasBitten);
  const lines = [
    `seed ${seed}: ${operations} operations, ${granted} granted, ${faults.join(" + ")}, ${violations.length} violations, ${seconds.toFixed(1)} s`,
    `  no booking accepted for ${pauseMs} ms at most`,
    ...missed.map(({ name, why }) => `  missed: ${name}${why ? `: ${why}` : ", which met nothing"}`),
    ...violations.slice(0, 20).map(({ invariant, problem }) => `  VIOLATED ${invariant}: ${problem}`),
    ...(kept ? [`  kept in ${kept}: run.json, history.jsonl, bookings.jsonl, facts.jsonl and the logs`] : []),
  ];
  process.stdout.write(`${lines.join("\n")}\n`);
}

/** Writes down all that was seen of a failing run, and what its tables and topics hold. */
async function keep(world: World, { history, halls, since, ...result }: RunResult): Promise<string> {
  const folder = join(eventixHome(), "faults", result.seed);
  mkdirSync(folder, { recursive: true });
  const write = (name: string, text: string) => writeFileSync(join(folder, name), text);
  const writeAll = (name: string, all: readonly object[]) =>
    write(name, all.map((one) => `${JSON.stringify(one)}\n`).join(""));
  write("run.json", JSON.stringify({ ...result, since, halls }, null, 2));
  writeAll("history.jsonl", history.operations);
  for (const [name, text] of Object.entries(await world.logs())) write(`${name}.log`, text);
  const ids = halls.map(({ eventId }) => eventId);
  const read = async (name: string, work: Promise<readonly object[]>) =>
    writeAll(name, await within(KEEP_MS, name, work).catch((error: Error) => [{ unread: error.message }]));
  await read("bookings.jsonl", readBookings(world.url("booking"), ids));
  await read(
    "facts.jsonl",
    readTopics(world, since, halls).then(({ facts }) => facts),
  );
  return folder;
}
