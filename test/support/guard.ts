import { rm } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { isRunning, stopProcess } from "#stack/process.ts";
import { silent } from "#stack/progress.ts";
import { stackDown } from "#stack/stack.ts";
import { readState } from "#stack/state.ts";

/**
 * A process of its own that outlives the test runner, however that ends, and removes the runner's stack:
 * `node guard.ts HOME PID STARTED`.
 */
const [home = "", pid = "", started = ""] = process.argv.slice(2);
while (isRunning({ pid: Number(pid), started })) await sleep(250);
const { servers } = readState(home);
await stackDown({ home, say: silent, volumes: true });
// Whatever a lost state file would have forgotten: these were read before.
for (const { process } of Object.values(servers)) if (process) await stopProcess(process, "SIGKILL", 1_000);
await rm(home, { recursive: true, force: true });
