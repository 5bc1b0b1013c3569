import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { Redis } from "ioredis";
import { logFile } from "../home.ts";
import { startDetached } from "../process.ts";
import type { StackServer } from "../server.ts";
import { requireTool, TOOLS } from "../tools.ts";

/** Redis holds seat locks that live for seconds: it keeps nothing on disk. */
export const redis: StackServer = {
  name: "redis",
  title: "Redis",
  given: ["REDIS_URL"],
  ports: ["redis"],
  stopSignal: "SIGTERM",
  compose: { service: "redis", port: 6379, variable: "EVENTIX_REDIS_PORT" },
  async launch({ home, ports }) {
    requireTool(TOOLS.redis);
    const folder = join(home, "redis");
    mkdirSync(folder, { recursive: true });
    const options = { port: ports.redis, bind: "127.0.0.1", save: "", appendonly: "no", dir: folder };
    const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]);
    return startDetached({ command: "redis-server", args, log: logFile(home, "redis") });
  },
  check: ({ ports }) => redisAnswers(urlAt(ports.redis as number)),
  environment: ({ ports }) => ({ REDIS_URL: urlAt(ports.redis as number) }),
};

const urlAt = (port: number) => `redis://127.0.0.1:${port}`;

/** Resolves when a Redis answers there; rejects with its reason when it does not right now. */
export async function redisAnswers(url: string): Promise<void> {
  const client = new Redis(url, {
    lazyConnect: true,
    connectTimeout: 1_000,
    commandTimeout: 1_000,
    retryStrategy: () => null,
  });
  let reason: Error | undefined;
  client.on("error", (error: Error) => {
    reason = error;
  });
  try {
    await client.connect();
    await client.ping();
  } catch (error) {
    // What the command says is only that the connection is closed.
    throw reason ?? error;
  } finally {
    client.disconnect();
  }
}
