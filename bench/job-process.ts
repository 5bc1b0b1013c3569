import { type ChildProcess, type ForkOptions, fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { messageOf, type World } from "./world.ts";

interface JobProcessOptions extends Pick<ForkOptions, "env" | "execArgv" | "serialization"> {
  /** What it is told before it gets ready. */
  told?: object;
}

/** A file of bench/load as a process of its own, which does one job after another until it is stopped. */
export class JobProcess<Job extends object, Result> {
  readonly #child: ChildProcess;
  readonly #who: string;

  private constructor(child: ChildProcess, who: string) {
    this.#child = child;
    this.#who = who;
  }

  /** Resolves when it is ready; its log goes to a file. `who` it is stands in the error when it ends by itself. */
  static async start<Job extends object, Result>(
    world: World,
    file: string,
    who: string,
    { told, ...options }: JobProcessOptions = {},
  ): Promise<JobProcess<Job, Result>> {
    const log = world.logFile(file);
    const child = fork(join(import.meta.dirname, `load/${file}.ts`), {
      ...options,
      stdio: ["ignore", log, log, "ipc"],
    });
    if (told) child.send(told);
    await messageOf(child, who);
    return new JobProcess(child, who);
  }

  async run(job: Job): Promise<Result> {
    this.#child.send(job);
    return (await messageOf(this.#child, this.#who)) as Result;
  }

  async stop(): Promise<void> {
    this.#child.disconnect();
    await once(this.#child, "exit");
  }
}
