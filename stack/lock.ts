import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { isRunning, type ProcessRef, thisProcess } from "./process.ts";
import type { Say } from "./progress.ts";
import { StackError } from "./stack-error.ts";

const LONGEST_WAIT_MS = 300_000;

/** Runs `work` while no other process works on the stack of this home; a lock whose holder died is taken over. */
export async function withLock<T>(home: string, say: Say, work: () => Promise<T>): Promise<T> {
  const lock = join(home, "stack.lock");
  await take(lock, say);
  try {
    return await work();
  } finally {
    rmSync(lock, { force: true });
  }
}

async function take(lock: string, say: Say): Promise<void> {
  const end = Date.now() + LONGEST_WAIT_MS;
  let told = false;
  while (!claim(lock)) {
    const holder = holderOf(lock);
    if (holder && !isRunning(holder)) {
      clear(lock, holder);
      continue;
    }
    if (Date.now() > end)
      throw new StackError(`Process ${holder?.pid} has been working on this stack for minutes: end it.`);
    if (holder && !told) {
      say(`Waiting for process ${holder.pid}, which is working on this stack …`);
      told = true;
    }
    await sleep(50);
  }
}

/** A link appears with its content or not at all, so nobody ever reads a lock without its holder. */
function claim(lock: string): boolean {
  const own = `${lock}.${process.pid}`;
  writeFileSync(own, JSON.stringify(thisProcess()), { mode: 0o600 });
  try {
    linkSync(own, lock);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  } finally {
    rmSync(own, { force: true });
  }
}

function holderOf(lock: string): ProcessRef | undefined {
  try {
    return JSON.parse(readFileSync(lock, "utf8")) as ProcessRef;
  } catch {
    return undefined;
  }
}

/** Moves a dead holder's lock aside; if another was quicker and this is its live lock, it goes back. */
function clear(lock: string, dead: ProcessRef): void {
  const aside = `${lock}.dead.${process.pid}`;
  try {
    renameSync(lock, aside);
    const moved = holderOf(aside);
    if (moved && (moved.pid !== dead.pid || moved.started !== dead.started)) linkSync(aside, lock);
  } catch {
    // Somebody else cleared it first: the next claim decides.
  } finally {
    rmSync(aside, { force: true });
  }
}
