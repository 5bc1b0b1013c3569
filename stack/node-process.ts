import { type ChildProcess, type StdioOptions, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { PROJECT, sharedCache } from "./home.ts";
import { type ProcessRef, startOf } from "./process.ts";
import { StackError } from "./stack-error.ts";

export interface NodeOptions {
  /** All of it but NODE_COMPILE_CACHE: nothing is taken from this process's environment. */
  env: NodeJS.ProcessEnv;
  /** Where its log goes; `pipe` leaves it to the caller to read. */
  output: "inherit" | "pipe" | number;
  /** In a session of its own, so that the terminal's Ctrl-C reaches only us, and we stop it before its servers. */
  ownSession?: boolean;
  /** More options of Node itself, such as for a profile. */
  flags?: readonly string[];
}

/**
 * What every node runs with. Requests live for some ten milliseconds, thousands at once: in young generations of the default
 * 16 MB they are copied twice before they die, which takes a node that sells a tenth of its time. Beside so large
 * a young generation V8 takes the old one for nearly full, and marks all of it again each second, unless it may grow fourfold.
 */
export const NODE_FLAGS = ["--max-semi-space-size=64", "--heap-growing-percent=300"];

/** Compiled modules, by their content: half of a start is compiling them, and a node that takes another's place is waited for. */
export const compiledModules = () => ({ NODE_COMPILE_CACHE: sharedCache("compiled") });

/** It waits for no other node, and for servers not as long. */
const READY_MS = 90_000;

/** A node that was told to stop ends itself after ten seconds, if it has to (broker/process.ts). */
export const NODE_STOP_MS = 11_000;

/** A running node of Eventix: broker/node.ts in a process of its own. It stops by itself when this process is gone. */
export class NodeProcess {
  readonly child: ChildProcess;
  readonly ref: ProcessRef;
  /** How it ended, whenever it does. */
  readonly ended: Promise<string>;

  constructor({ env, output, ownSession = false, flags = [] }: NodeOptions) {
    const stdio: StdioOptions = ["ignore", output, output, "ipc"];
    const args = [...NODE_FLAGS, ...flags, join(PROJECT, "broker/node.ts")];
    const own = { ...compiledModules(), ...env };
    this.child = spawn(process.execPath, args, { env: own, stdio, detached: ownSession, cwd: PROJECT });
    const pid = this.child.pid as number;
    this.ref = { pid, started: startOf(pid) ?? "gone" };
    this.ended = once(this.child, "exit").then(([code, signal]) => (signal ? `signal ${signal}` : `exit code ${code}`));
  }

  /** Resolves when all its services have started; rejects when it ends before, or is cut since that takes too long. */
  async ready(): Promise<void> {
    let isLate = false;
    const cut = setTimeout(() => {
      isLate = true;
      this.child.kill("SIGKILL");
    }, READY_MS);
    const how = await Promise.race([once(this.child, "message").then(() => undefined), this.ended]);
    clearTimeout(cut);
    if (isLate)
      throw new StackError(`The node was not ready after ${READY_MS / 1_000} s; its log says how far it came.`);
    if (how !== undefined) throw new StackError(`The node ended with ${how} before it was ready; its log says why.`);
  }

  /** Asks it to stop, cuts it after `graceMs`, and tells how it ended. */
  async stop(graceMs: number): Promise<string> {
    this.child.kill("SIGTERM");
    const cut = setTimeout(() => this.child.kill("SIGKILL"), graceMs);
    const how = await this.ended;
    clearTimeout(cut);
    return how;
  }
}
