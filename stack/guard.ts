import { spawn } from "node:child_process";
import { rm } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { isRunning, stopProcess, thisProcess } from "./process.ts";
import { silent } from "./progress.ts";
import { stackDown } from "./stack.ts";
import { readState } from "./state.ts";

/** Starts a process that outlives this one, however it ends, and then ends the stack of `home` and removes the folder. */
export function guard(home: string): void {
  const { pid, started } = thisProcess();
  const args = [import.meta.filename, home, String(pid), started];
  spawn(process.execPath, args, { detached: true, stdio: "ignore" }).unref();
}

if (import.meta.main) {
  const [home = "", pid = "", started = ""] = process.argv.slice(2);
  while (isRunning({ pid: Number(pid), started })) await sleep(250);
  const { servers } = readState(home);
  await stackDown({ home, say: silent, volumes: true });
  // Whatever a lost state file would have forgotten: these were read before.
  for (const { process } of Object.values(servers)) if (process) await stopProcess(process, "SIGKILL", 1_000);
  await rm(home, { recursive: true, force: true });
}
