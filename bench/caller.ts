import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { CallerJob } from "./load/caller.ts";
import { messageOf, type World } from "./world.ts";

/** A node without services, in a process of its own, that calls those of the others as a gateway does. */
export class Caller {
  readonly #process: ChildProcess;

  private constructor(process: ChildProcess) {
    this.#process = process;
  }

  static async start(world: World): Promise<Caller> {
    const log = world.logFile("caller");
    const child = fork(join(import.meta.dirname, "load/caller.ts"), {
      env: world.nodeEnvironment({}),
      stdio: ["ignore", log, log, "ipc"],
    });
    await messageOf(child, "The node that calls");
    return new Caller(child);
  }

  /** Resolves to how many calls were answered. */
  async call(job: CallerJob): Promise<number> {
    this.#process.send(job);
    return (await messageOf(this.#process, "The node that calls")) as number;
  }

  async stop(): Promise<void> {
    this.#process.disconnect();
    await once(this.#process, "exit");
  }
}
