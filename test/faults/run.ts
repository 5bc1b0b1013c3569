import { randomInt } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Command, InvalidArgumentError } from "commander";
import { eventixHome } from "#stack/home.ts";
import { FAULTS } from "./faults.ts";
import { oneRun, type RunResult } from "./one-run.ts";
import { Random } from "./random.ts";
import { World } from "./world.ts";

/**
 * `npm run -s test:faults -- --runs N --seed S`: throws faults at real processes under load, and checks what their clients saw.
 * Run n of seed S is seed S+n-1: that seed alone, with --runs 1, draws the same clients and the same faults again.
 */

/** What a stack has seen grows, and audits read all of it. */
const RUNS_A_STACK = 20;

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
  .option("--json", "print one JSON object a run")
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
const violations = sum((result) => result.violations.length);
const operations = sum((result) => result.operations);
const faults = sum((result) => result.faults.length - result.missed.length);
if (!options.json) {
  process.stdout.write(
    `${results.length} runs, ${operations} operations, ${faults} faults, ${violations} violations\n`,
  );
}
process.exit(violations > 0 ? 1 : 0);

function tell({ history, ...result }: RunResult, kept: string | undefined): void {
  if (options.json) {
    process.stdout.write(`${JSON.stringify({ ...result, kept })}\n`);
    return;
  }
  const { seed, operations, granted, faults, missed, violations, seconds } = result;
  const lines = [
    `seed ${seed}: ${operations} operations, ${granted} granted, ${faults.join(" + ")}, ${violations.length} violations, ${seconds.toFixed(1)} s`,
    ...missed.map((what) => `  missed: ${what}`),
    ...violations.slice(0, 20).map(({ invariant, problem }) => `  VIOLATED ${invariant}: ${problem}`),
    ...(kept ? [`  kept in ${kept}`] : []),
  ];
  process.stdout.write(`${lines.join("\n")}\n`);
}

/** Writes down all that was seen of a failing run. */
async function keep(world: World, { seed, history, ...result }: RunResult): Promise<string> {
  const folder = join(eventixHome(), "faults", seed);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "run.json"), JSON.stringify({ seed, ...result }, null, 2));
  writeFileSync(join(folder, "history.jsonl"), history.operations.map((op) => `${JSON.stringify(op)}\n`).join(""));
  for (const [name, text] of Object.entries(await world.logs())) writeFileSync(join(folder, `${name}.log`), text);
  return folder;
}
