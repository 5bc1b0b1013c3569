import { execFileSync, spawn } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

/** A process as it is remembered between runs. A pid alone may belong to somebody else by now; with its start it cannot. */
export interface ProcessRef {
  pid: number;
  started: string;
}

interface Detached {
  command: string;
  args: string[];
  /** Gets what the process prints. */
  log: string;
  env?: NodeJS.ProcessEnv;
  cwd?: string;
  user?: { uid: number; gid: number } | undefined;
}

/** Starts a process of its own session, which outlives this one and does not hear the terminal's Ctrl-C. */
export async function startDetached({ command, args, log, env, cwd, user }: Detached): Promise<ProcessRef> {
  const output = openSync(log, "a", 0o600);
  try {
    const child = spawn(command, args, {
      detached: true,
      stdio: ["ignore", output, output],
      env: env ?? process.env,
      cwd,
      ...user,
    });
    await new Promise<void>((done, failed) => child.once("spawn", done).once("error", failed));
    child.unref();
    const pid = child.pid as number;
    return { pid, started: startOf(pid) ?? "gone" };
  } finally {
    closeSync(output);
  }
}

/** The process is there and is the one that was remembered. */
export const isRunning = (ref: ProcessRef | undefined): ref is ProcessRef =>
  ref !== undefined && startOf(ref.pid) === ref.started;

export const thisProcess = (): ProcessRef => ({ pid: process.pid, started: startOf(process.pid) ?? "unknown" });

/** Ends a remembered process, politely first; does nothing when it is gone or its pid has become another's. */
export async function stopProcess(ref: ProcessRef, signal: NodeJS.Signals, graceMs: number): Promise<void> {
  for (const [send, waitMs] of [
    [signal, graceMs],
    ["SIGKILL", 2_000],
  ] as const) {
    if (!isRunning(ref)) return;
    process.kill(ref.pid, send);
    const end = Date.now() + waitMs;
    while (isRunning(ref) && Date.now() < end) await sleep(20);
  }
}

/** When a process began, in words that no later process with its pid shares; undefined when it is gone or a zombie. */
export function startOf(pid: number): string | undefined {
  if (process.platform !== "linux") return startByPs(pid);
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The command's name may hold anything, so fields are counted behind its last bracket: state is the 3rd, start the 22nd.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    if (fields[0] === "Z" || fields[0] === "X") return undefined;
    return `${readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim()}/${fields[19]}`;
  } catch {
    return undefined;
  }
}

function startByPs(pid: number): string | undefined {
  try {
    return execFileSync("ps", ["-o", "lstart=", "-p", String(pid)], { encoding: "utf8" }).trim() || undefined;
  } catch {
    return undefined;
  }
}
