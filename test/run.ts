import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { globSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { chooseKind } from "#stack/docker/engine.ts";
import { kafkaJars } from "#stack/kafka/jars.ts";
import { compiledModules } from "#stack/node-process.ts";
import type { Counted } from "./support/count.reporter.ts";

/**
 * `npm test [-- FILE…] [-- --test-…]`: runs the tests on a stack of their own; fails when none ran.
 *
 * All files together are dealt to two runners, each with a stack of its own: tests mostly wait. Files that are named run in
 * one. On a slow machine two stacks can be too much for the engine's own deadlines: a few files that fail beside the other
 * runner are run again by themselves, which decides, and are told of.
 */
const TIMEOUT_MS = 180_000;
/** A file whose process does not end is not bounded by that: all of it is cut, and the runner names what was running. */
const ALL_TIMEOUT_MS = 40 * 60_000;

/** More that fail are no accident of the machine's. */
const RUN_AGAIN_AT_MOST = 3;

const NOTHING: Counted = { ran: 0, failed: [] };

/** Those of the transporter stand beside it, as a package of its own has them. */
const ALL = ["test/**/*.test.ts", "broker/kafka-transporter/test/*.test.ts"];

const given = process.argv.slice(2);
const options = given.filter((argument) => argument.startsWith("--"));
const patterns = given.filter((argument) => !argument.startsWith("--"));
const files = (patterns.length > 0 ? patterns : ALL).flatMap((pattern) => globSync(pattern)).sort();
if (files.length === 0) fail(`No test file matches ${patterns.join(" ")}`);

const runners = patterns.length > 0 || availableParallelism() < 2 ? 1 : 2;
// Before they start: two Mavens that fetch into one repository get into each other's way.
if (runners > 1 && chooseKind("the tests", undefined, process.env) === "native")
  await kafkaJars((line) => process.stderr.write(`${line}\n`));
const folder = mkdtempSync(join(tmpdir(), "eventix-test-count-"));
const children: ChildProcess[] = [];
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.on(signal, () => {
    for (const child of children) child.kill(signal);
  });
}
setTimeout(() => {
  process.stderr.write(`The tests did not end within ${ALL_TIMEOUT_MS / 60_000} minutes: interrupting them.\n`);
  for (const child of children) child.kill("SIGINT");
}, ALL_TIMEOUT_MS).unref();
const together = await Promise.all(Array.from({ length: runners }, (_, n) => run(files, n)));
const again = toRunAgain(together);
if (again.length > 0)
  process.stdout.write(`\nFailed beside the other runner, and run again by themselves: ${again.join(", ")}\n`);
const runs = again.length > 0 ? [await run(again)] : together;
rmSync(folder, { recursive: true, force: true });
const cut = runs.find(({ signal }) => signal)?.signal;
if (cut) fail(`The tests were ended by ${cut}.`);
const failed = runs.find(({ code }) => code !== 0);
if (!failed && runs.every(({ ran }) => ran === 0)) fail("No test ran.");
process.exit(failed ? (failed.code ?? 1) : 0);

interface Run extends Counted {
  code: number | null;
  signal: NodeJS.Signals | null;
}

/** Runs all files, or a runner's share of them. The first reports as it goes; what another says is printed when it is done. */
async function run(files: readonly string[], runner?: number): Promise<Run> {
  const counted = join(folder, String(runner));
  const reporters = [
    ["--test-reporter=spec", "--test-reporter-destination=stdout"],
    ["--test-reporter=./test/support/count.reporter.ts", `--test-reporter-destination=${counted}`],
  ].flat();
  const child = spawn(
    process.execPath,
    [
      "--test",
      "--test-global-setup=./test/setup.ts",
      "--test-concurrency=1",
      `--test-timeout=${TIMEOUT_MS}`,
      ...(runner === undefined ? [] : [`--test-shard=${runner + 1}/${runners}`]),
      ...reporters,
      ...options,
      ...files,
    ],
    // A group of its own: the terminal's Ctrl-C would reach it twice, and what a cut run leaves can be ended with it.
    {
      env: { ...process.env, ...compiledModules() },
      stdio: ["ignore", runner ? "pipe" : "inherit", "inherit"],
      detached: true,
    },
  );
  children.push(child);
  const said = child.stdout ? text(child.stdout) : undefined;
  const [code, signal] = (await once(child, "exit")) as [number | null, NodeJS.Signals | null];
  endRest(child.pid as number);
  if (said) process.stdout.write(await said);
  return { code, signal, ...(signal ? NOTHING : read(counted)) };
}

/** The files that failed, if there were two runners and nothing else went wrong. */
function toRunAgain(runs: readonly Run[]): string[] {
  const failed = runs.flatMap((one) => one.failed);
  const isTold = runs.every((one) => one.code === 0 || one.failed.length > 0);
  const isRunnable = isTold && failed.every((file) => files.includes(file));
  return runners > 1 && isRunnable && failed.length <= RUN_AGAIN_AT_MOST ? failed : [];
}

function read(file: string): Counted {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch {
    return NOTHING;
  }
}

function endRest(group: number): void {
  try {
    process.kill(-group, "SIGKILL");
  } catch {
    // Nobody is left in it.
  }
}

function fail(message: string): never {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}
