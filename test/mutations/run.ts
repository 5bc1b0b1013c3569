import { spawnSync } from "node:child_process";
import { Command, InvalidArgumentError } from "commander";
import { mutatedCopy, removeCopy } from "./mutated.ts";
import { MUTATIONS, type Mutation } from "./mutations.ts";
import { failedIn, patternOf } from "./noticed.ts";

/**
 * `npm run -s test:mutations`: takes each guard away in turn, in a copy of the project, and runs the test that has to notice.
 * Only that one counts: a file that cannot be loaded has noticed nothing.
 *
 * Exit code 1 when a mutation survives, or when its test fails with every guard in place.
 */
/** Longer than the slowest of the tests takes: one that fails and leaves something open goes on for ever. */
const TIMEOUT_MS = 4 * 60_000;
/** All together took three and a half minutes on a busy machine of two cores. */
const ALL_TIMEOUT_MS = 15 * 60_000;

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
const sane = check([], chosen, ALL_TIMEOUT_MS);
if (sane.passed) for (const mutation of chosen) tryOut(mutation);
else fail(`With every guard in place these tests fail: ${sane.failed.join("; ")}`, sane.output);
process.stdout.write(`${chosen.length} mutations, ${wrong} not noticed\n`);
process.exit(wrong > 0 ? 1 : 0);

function tryOut(mutation: Mutation): void {
  const { name, what, guards, edits, noticedBy } = mutation;
  const { passed, failed, output } = check(edits, [mutation], TIMEOUT_MS);
  const by = failed.find((each) => each.startsWith(noticedBy.test));
  if (by !== undefined) process.stdout.write(`${name} (${guards.join(", ")}): noticed by ${noticedBy.file}: ${by}\n`);
  else if (passed) fail(`${name}: NOT NOTICED: ${what}`, "");
  else fail(`${name}: something went wrong, but “${noticedBy.test}…” of ${noticedBy.file} did not fail`, output);
}

/** Runs the tests that have to notice these mutations, in a copy with the edits made. */
function check(edits: Mutation["edits"], some: readonly Mutation[], timeout: number): Outcome {
  const copy = mutatedCopy(edits);
  try {
    // By its context a runner in a runner would know that it is in one, and run nothing.
    const env = { ...process.env, NODE_TEST_CONTEXT: undefined };
    const files = new Set(some.map(({ noticedBy }) => noticedBy.file));
    const named = some.map(({ noticedBy }) => `--test-name-pattern=${patternOf(noticedBy.test)}`);
    const run = spawnSync(process.execPath, ["test/run.ts", ...files, ...named], {
      cwd: copy,
      env,
      encoding: "utf8",
      timeout,
      maxBuffer: 64 * 1024 * 1024,
    });
    return {
      passed: run.status === 0,
      failed: failedIn(run.stdout),
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
