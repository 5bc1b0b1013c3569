import { randomInt } from "node:crypto";
import { createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

/**
 * One free port for each purpose: those used before where nobody else has them now, else any. They are chosen together, since
 * two asked for one after the other could be the same.
 */
export async function choosePorts(
  purposes: readonly string[],
  before: Record<string, number> = {},
): Promise<Record<string, number>> {
  const claims = await Promise.all(purposes.map((purpose) => claim(before[purpose] ?? 0)));
  await Promise.all(claims.map(({ free }) => free()));
  return Object.fromEntries(purposes.map((purpose, i) => [purpose, (claims[i] as Claim).port]));
}

export async function freePort(): Promise<number> {
  const { port } = (await choosePorts(["port"])) as { port: number };
  return port;
}

export async function portIsFree(port: number, host = "127.0.0.1"): Promise<boolean> {
  const taken = await listen(port, host);
  await taken?.free();
  return taken !== undefined;
}

interface Claim {
  port: number;
  free: () => Promise<void>;
}

/**
 * A process of many threads that was just killed counts as gone when its first thread is, and its port is free when the last one
 * is: some milliseconds later. Whoever knows the server by its old address would not find it at a new one.
 */
const LINGER_MS = 500;

/** Below those that systems give to outgoing connections, one of which would take a free port before its server does. */
const [LOWEST, HIGHEST] = [15_000, 32_000];
const TRIES = 20;

async function claim(port: number): Promise<Claim> {
  for (const end = Date.now() + LINGER_MS; port !== 0 && Date.now() < end; await sleep(10)) {
    const claimed = await listen(port);
    if (claimed) return claimed;
  }
  for (let n = 0; n < TRIES; n++) {
    const claimed = await listen(randomInt(LOWEST, HIGHEST));
    if (claimed) return claimed;
  }
  return (await listen(0)) as Claim;
}

function listen(port: number, host = "127.0.0.1"): Promise<Claim | undefined> {
  return new Promise((done, failed) => {
    const server = createServer();
    server.once("error", (error: NodeJS.ErrnoException) =>
      error.code === "EADDRINUSE" || error.code === "EACCES" ? done(undefined) : failed(error),
    );
    server.listen({ port, host, exclusive: true }, () => {
      const address = server.address() as { port: number };
      done({ port: address.port, free: () => new Promise((freed) => server.close(() => freed())) });
    });
  });
}
