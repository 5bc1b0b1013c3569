import { readdirSync, readFileSync } from "node:fs";

/** Of the counts in /proc: a hundredth of a second on every Linux, whatever the kernel's own tick. */
const TICKS_A_SECOND = 100;

interface Ticks {
  parent: number;
  own: number;
  /** Of children that have ended and were waited for. */
  ofEnded: number;
}

/** Processor seconds that a process, what runs below it and what has ended below it have taken. Reads /proc: Linux only. */
export const cpuSeconds = (pid: number): number => below(readAll(), pid) / TICKS_A_SECOND;

/**
 * Reads the same of those processes right below it whose command line matches. Each keeps what it had when it was last seen: a
 * pool closes sessions that it does not need, and their time would be taken back.
 */
export function childClock(pid: number, command: RegExp): () => number {
  const seen = new Map<number, number>();
  return () => {
    const all = readAll();
    for (const [child, { parent }] of all) {
      if (parent === pid && command.test(commandOf(child))) seen.set(child, below(all, child));
    }
    return [...seen.values()].reduce((sum, ticks) => sum + ticks, 0) / TICKS_A_SECOND;
  };
}

function below(all: Map<number, Ticks>, pid: number): number {
  const ticks = all.get(pid);
  if (!ticks) return 0;
  const children = [...all].filter(([, { parent }]) => parent === pid);
  return ticks.own + ticks.ofEnded + children.reduce((sum, [child]) => sum + below(all, child), 0);
}

function readAll(): Map<number, Ticks> {
  const found = new Map<number, Ticks>();
  for (const name of readdirSync("/proc")) {
    const ticks = /^\d+$/.test(name) && ticksOf(name);
    if (ticks) found.set(Number(name), ticks);
  }
  return found;
}

function ticksOf(pid: string): Ticks | undefined {
  const stat = read(pid, "stat");
  if (stat === "") return undefined;
  // The command's name may hold anything, so fields are counted behind its last bracket: the parent is the 4th, times from the 14th.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [user, system, endedUser, endedSystem] = fields.slice(11, 15).map(Number) as [number, number, number, number];
  return { parent: Number(fields[1]), own: user + system, ofEnded: endedUser + endedSystem };
}

const commandOf = (pid: number): string => read(String(pid), "cmdline");

/** Empty when the process has ended meanwhile. */
function read(pid: string, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    return "";
  }
}
