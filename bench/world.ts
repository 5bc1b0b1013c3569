import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, openSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
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

  private constructor(home: string, env: Record<string, string>) {
    this.home = home;
    this.env = env;
    this.db = new pg.Pool({ connectionString: this.bookingUrl, max: 4 });
    // A connection that the stopping server closes before the pool has.
    this.db.on("error", () => {});
  }

  static async open(): Promise<World> {
    const home = mkdtempSync(join(tmpdir(), "eventix-bench-"));
    const { env } = await stackUp({ home, env: {}, owner: thisProcess() });
    await migrate(env, silent);
    return new World(home, env);
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
    const log = openSync(join(this.home, `node-${port}.log`), "a");
    const process_ = new NodeProcess({
      output: log,
      env: { ...process.env, ...this.env, ...UNLIMITED, SERVICES: services, PORT: String(port), ...env },
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

  tokens(count: number): string[] {
    return Array.from({ length: count }, (_, n) => signToken(this.home, `buyer-${n}`, { expires: "6h" }));
  }
}

/** Sends a job's requests from a process of its own. */
export async function load(job: LoadJob): Promise<LoadResult> {
  const child = fork(join(import.meta.dirname, "load/generator.ts"), { serialization: "advanced" });
  child.send(job);
  const [result] = await once(child, "message");
  return result as LoadResult;
}
