import { spawn } from "node:child_process";
import { once } from "node:events";
import { globSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** `npm test [-- FILE…] [-- --test-…]`: runs the tests on a stack of their own; fails when none ran. */
const TIMEOUT_MS = 180_000;

const given = process.argv.slice(2);
const options = given.filter((argument) => argument.startsWith("--"));
const patterns = given.filter((argument) => !argument.startsWith("--"));
const files = (patterns.length > 0 ? patterns : ["test/**/*.test.ts"]).flatMap((pattern) => globSync(pattern));
if (files.length === 0) fail(`No test file matches ${patterns.join(" ")}`);

const folder = mkdtempSync(join(tmpdir(), "eventix-test-count-"));
const counted = join(folder, "count");
const reporters = [
  ["--test-reporter=spec", "--test-reporter-destination=stdout"],
  ["--test-reporter=./test/support/count.reporter.ts", `--test-reporter-destination=${counted}`],
].flat();
const child = spawn(
  process.execPath,
  [
    "--test",
    "--disable-warning=TimeoutNegativeWarning",
    "--test-global-setup=./test/setup.ts",
    "--test-concurrency=1",
    `--test-timeout=${TIMEOUT_MS}`,
    ...reporters,
    ...options,
    ...files.sort(),
  ],
  // A group of its own: the terminal's Ctrl-C would reach it twice, and what a cut run leaves can be ended with it.
  { stdio: "inherit", detached: true },
);
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => child.kill(signal));

const [code, signal] = (await once(child, "exit")) as [number | null, NodeJS.Signals | null];
endRest(child.pid as number);
const ran = signal ? 0 : testsRun(counted);
rmSync(folder, { recursive: true, force: true });
if (signal) fail(`The tests were ended by ${signal}.`);
if (code === 0 && ran === 0) fail("No test ran.");
process.exit(code ?? 1);

function testsRun(file: string): number {
  try {
    return Number(readFileSync(file, "utf8"));
  } catch {
    return 0;
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
