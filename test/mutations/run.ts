import { spawnSync } from "node:child_process";
import { Command, InvalidArgumentError } from "commander";
import { mutatedCopy, removeCopy } from "./mutated.ts";
import { MUTATIONS, type Mutation } from "./mutations.ts";

/**
 * `npm run -s test:mutations`: takes each guard away in turn, in a copy of the project, and runs the tests that have to notice.
 *
 * Exit code 1 when a mutation survives, or when its tests fail with every guard in place.
 */
/** Longer than the slowest of the files takes: a test that fails and leaves something open goes on for ever. */
const TIMEOUT_MS = 4 * 60_000;

interface Outcome {
  passed: boolean;
  /** Names of the tests that failed. */
  failed: string[];
  output: string;
}

function known(name: string): string {
  if (MUTATIONS.some((mutation) => mutation.name === name)) return name;
  throw new InvalidArgumentError(`It must be one of ${MUTATIONS.map((mutation) => mutation.name).join(", ")}.`);
}

const { only } = new Command("test:mutations")
  .description("Take each guard away in turn and show which test fails.")
  .option("--only <name>", "take only this one away", known)
  .addHelpText("after", `\nMutations:\n${MUTATIONS.map(({ name, what }) => `  ${name.padEnd(30)} ${what}`).join("\n")}`)
  .parse()
  .opts<{ only?: string }>();

const chosen = MUTATIONS.filter(({ name }) => only === undefined || name === only);
let wrong = 0;
const [inPart, whole] = [
  chosen.filter(({ noticedBy }) => noticedBy.test),
  chosen.filter(({ noticedBy }) => !noticedBy.test),
];
const sane = [inPart, whole].map((some) => check([], filesOf(some), testsOf(some)));
for (const { passed, failed, output } of sane) {
  if (!passed) fail(`With every guard in place these tests fail: ${failed.join("; ")}`, output);
}
if (wrong === 0) for (const mutation of chosen) tryOut(mutation);
process.stdout.write(`${chosen.length} mutations, ${wrong} not noticed\n`);
process.exit(wrong > 0 ? 1 : 0);

function filesOf(some: readonly Mutation[]): string[] {
  return [...new Set(some.map(({ noticedBy }) => noticedBy.file))];
}

function testsOf(some: readonly Mutation[]): string[] {
  return some.flatMap(({ noticedBy }) => noticedBy.test ?? []);
}

function tryOut(mutation: Mutation): void {
  const { name, what, guards, edits, noticedBy } = mutation;
  const { file } = noticedBy;
  const { passed, failed, output } = check(edits, [file], testsOf([mutation]));
  if (!passed && failed.length > 0) {
    process.stdout.write(`${name} (${guards.join(", ")}): noticed by ${file}: ${failed[0]}\n`);
  } else {
    fail(
      `${name}: ${passed ? `NOT NOTICED: ${what}` : `the tests of ${file} did not come to an end`}`,
      passed ? "" : output,
    );
  }
}

/** Runs these tests of these files, all where none is named, in a copy with the edits made. */
function check(edits: Mutation["edits"], files: readonly string[], tests: readonly string[]): Outcome {
  if (files.length === 0) return { passed: true, failed: [], output: "" };
  const copy = mutatedCopy(edits);
  try {
    // By its context a runner in a runner would know that it is in one, and run nothing.
    const env = { ...process.env, NODE_TEST_CONTEXT: undefined };
    const named = tests.map((test) => `--test-name-pattern=${test}`);
    const run = spawnSync(process.execPath, ["test/run.ts", ...files, ...named], {
      cwd: copy,
      env,
      encoding: "utf8",
      timeout: TIMEOUT_MS,
      maxBuffer: 64 * 1024 * 1024,
    });
    const failed = [...run.stdout.matchAll(/^ *✖ (.*?) \([\d.]+ms\)$/gm)].map((match) => match[1] as string);
    return {
      passed: run.status === 0,
      failed: [...new Set(failed)],
      output: run.stdout.slice(-4_000) + run.stderr.slice(-2_000),
    };
  } finally {
    removeCopy(copy);
  }
}

function fail(message: string, output: string): void {
  wrong++;
  process.stdout.write(`${message}\n${output}`);
}
