import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, openSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { guard } from "#stack/guard.ts";
import { signToken } from "#stack/issuer/token.ts";
import { NodeProcess } from "#stack/node-process.ts";
import { freePort } from "#stack/ports.ts";
import { thisProcess } from "#stack/process.ts";
import { silent } from "#stack/progress.ts";
import { stackDown, stackUp } from "#stack/stack.ts";
import { migrate } from "../migrations/migrate.ts";
import type { LoadJob, LoadResult } from "./load/job.ts";

/** What a node of the bench runs with: everything as in production, limits too high to be met. */
const UNLIMITED = {
  RATE_LIMIT_PER_MINUTE: "1000000000",
  ADDRESS_RATE_LIMIT_PER_MINUTE: "1000000000",
  PAYMENT_DELAY_MS: "0",
  PAYMENT_SUCCESS_RATE: "1",
};

export interface BenchNode {
  port: number;
  pid: number;
  stop(): Promise<void>;
}

/** A stack of the bench's own, and what runs on it. */
export class World {
  readonly home: string;
  readonly env: Record<string, string>;
  /** Of booking's database. */
  readonly db: pg.Pool;
  readonly #nodes = new Set<BenchNode>();
  readonly #flags: string[];

  private constructor(home: string, env: Record<string, string>, profiles: string | undefined) {
    this.home = home;
    this.env = env;
    this.#flags = profiles === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${profiles}`];
    this.db = new pg.Pool({ connectionString: this.bookingUrl, max: 4 });
    // A connection that the stopping server closes before the pool has.
    this.db.on("error", () => {});
  }

  /** `profiles` is a folder for a CPU profile of each node, written when it stops. */
  static async open(profiles?: string): Promise<World> {
    const home = mkdtempSync(join(tmpdir(), "eventix-bench-"));
    guard(home);
    const { env } = await stackUp({ home, env: {}, owner: thisProcess() });
    await migrate(env, silent);
    return new World(home, env, profiles);
  }

  get bookingUrl(): string {
    return this.env.DATABASE_URL_BOOKING as string;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#nodes].map((node) => node.stop()));
    await this.db.end();
    await stackDown({ home: this.home, say: silent });
    await rm(this.home, { recursive: true, force: true });
  }

  /** Starts a node with these services; its log goes to a file, as it would in production. */
  async node(services: string, env: Record<string, string> = {}): Promise<BenchNode> {
    const port = await freePort();
    const process_ = new NodeProcess({
      output: this.logFile(`node-${port}`),
      flags: this.#flags,
      env: this.nodeEnvironment({ SERVICES: services, PORT: String(port), ...env }),
    });
    await process_.ready();
    const node: BenchNode = {
      port,
      pid: process_.ref.pid,
      stop: async () => {
        this.#nodes.delete(node);
        await process_.stop(15_000);
      },
    };
    this.#nodes.add(node);
    return node;
  }

  /** What a node of the bench runs with, and `env`: of the caller's settings none, or LOG_LEVEL would change the figures. */
  nodeEnvironment(env: Record<string, string>): NodeJS.ProcessEnv {
    const { PATH, HOME } = process.env;
    return { PATH, HOME, ...this.env, ...UNLIMITED, ...env };
  }

  /** For what a process prints. */
  logFile(name: string): number {
    return openSync(join(this.home, `${name}.log`), "a");
  }

  tokens(count: number): string[] {
    return Array.from({ length: count }, (_, n) => signToken(this.home, `buyer-${n}`, { expires: "6h" }));
  }
}

/** Sends a job's requests from a process of its own, until all are sent, its time is over, or it is told to end. */
export async function load(job: LoadJob, end?: AbortSignal): Promise<LoadResult> {
  const child = fork(join(import.meta.dirname, "load/generator.ts"), { serialization: "advanced" });
  child.send(job);
  end?.addEventListener("abort", () => child.connected && child.send("stop"));
  return (await messageOf(child, "The load")) as LoadResult;
}

/** The next message of a forked process, or an error when it ends without one. */
export async function messageOf(child: ChildProcess, who: string): Promise<unknown> {
  const answered = new AbortController();
  const { signal } = answered;
  try {
    // What it said last comes before the end of the channel, and may come after its exit.
    const [message] = await Promise.race([once(child, "message", { signal }), once(child, "disconnect", { signal })]);
    if (message === undefined) throw new Error(`${who} ended without an answer.`);
    return message;
  } finally {
    answered.abort();
  }
}
