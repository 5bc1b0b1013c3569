import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, readlinkSync, realpathSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { startOf } from "../process.ts";

/** Old backends end as soon as they notice that their postmaster is gone. */
const BACKENDS_MS = 10_000;

/**
 * A postmaster.pid that a killed server left names a pid that may be another process by now, or a zombie: in a container
 * without an init nobody ever asks how a process ended whose parent is gone. Postgres takes both for a running server and
 * refuses to start. When the pid is free the file stays: Postgres itself then waits for old backends that still use the memory
 * it names.
 */
export async function clearPidFile(data: string): Promise<void> {
  const file = join(data, "postmaster.pid");
  if (!existsSync(file)) return;
  const pid = Number(readFileSync(file, "utf8").split("\n")[0]);
  if (!isTaken(pid)) return;
  if (startOf(pid) !== undefined) {
    if (!commandOf(pid).includes(data)) rmSync(file);
    return;
  }
  for (const end = Date.now() + BACKENDS_MS; worksIn(realpathSync(data)); await sleep(50)) if (Date.now() > end) return;
  rmSync(file, { force: true });
}

function isTaken(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

function commandOf(pid: number): string {
  if (process.platform === "linux") return readFileSync(`/proc/${pid}/cmdline`, "utf8");
  return spawnSync("ps", ["-o", "command=", "-p", String(pid)], { encoding: "utf8" }).stdout;
}

/** Whether a process is at home in this folder, as every process of a Postgres is in that of its data. */
const worksIn = (folder: string): boolean =>
  process.platform === "linux" &&
  readdirSync("/proc").some((name) => {
    try {
      return /^\d+$/.test(name) && readlinkSync(`/proc/${name}/cwd`) === folder;
    } catch {
      // It has ended meanwhile.
      return false;
    }
  });
