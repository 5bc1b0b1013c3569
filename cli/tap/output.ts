import { spawn } from "node:child_process";
import { once } from "node:events";
import { fstatSync } from "node:fs";

/**
 * Calls `gone` once nobody reads what this process prints. A write to a closed pipe tells that, but the next one may be long
 * in coming, and Node cannot ask without writing. GNU's `tail -f` can, and ends by SIGPIPE: one without a file to follow watches
 * the pipe. Where there is no such `tail` the next write has to do. `--pid` ends it with this process, however that ends.
 */
export function whenUnread(gone: () => void): void {
  process.stdout.on("error", gone);
  if (!fstatSync(1).isFIFO()) return;
  const watcher = spawn("tail", ["-f", "-s0.3", `--pid=${process.pid}`, "/dev/null"], {
    stdio: ["ignore", "inherit", "ignore"],
  });
  watcher.on("error", () => {});
  watcher.on("exit", (_code, signal) => {
    if (signal === "SIGPIPE") gone();
  });
  watcher.unref();
  // It has the pipe open too: whoever reads would wait for the end of it.
  process.on("exit", () => watcher.kill());
}

/** Prints, and waits while whoever reads it is slower; not past the signal. */
export async function print(text: string, signal: AbortSignal): Promise<void> {
  if (signal.aborted || process.stdout.write(text)) return;
  await once(process.stdout, "drain", { signal }).catch(() => {});
}
