import { Connection } from "./connection.ts";
import type { Latency, LoadJob, LoadResult, RequestLine } from "./job.ts";

/** A process of its own that sends one job's requests and tells what came back: `fork(generator.ts)`, then a LoadJob by IPC. */
process.on("message", async (message: LoadJob | "stop") => {
  if (message === "stop") {
    stopped = true;
    return;
  }
  process.send?.(await run(message), () => process.disconnect());
});
let stopped = false;

interface Tally {
  statuses: Record<number, number>;
  /** When each was due, by `performance.now()`; only the last one where nobody asks for all. */
  due: number[];
  withoutRetryAfter: number;
  served: number[];
  refused: number[];
}

/** Connections of an open loop: beyond this arrivals wait for one, and the wait counts. */
const CONNECTIONS_MAX = 8_000;
/** Connections that are made at a time before the clock starts. */
const OPENED_AT_ONCE = 32;

async function run(job: LoadJob): Promise<LoadResult> {
  const requests = job.requests.map((line) => bytesOf(line, job));
  const tally: Tally = { statuses: {}, due: [], withoutRetryAfter: 0, served: [], refused: [] };
  const idle = "open" in job.pace ? await openConnections(job.port, Math.min(job.pace.open, CONNECTIONS_MAX)) : [];
  const cpu = process.cpuUsage();
  const began = performance.now();
  if ("closed" in job.pace) await closedLoop(requests, job, job.pace.closed, tally);
  else await openLoop(requests, job, { perSecond: job.pace.open, idle }, tally);
  const { user, system } = process.cpuUsage(cpu);
  return {
    statuses: tally.statuses,
    withoutRetryAfter: tally.withoutRetryAfter,
    seconds: (performance.now() - began) / 1_000,
    lastDue: performance.timeOrigin + (tally.due.at(-1) ?? began),
    due: job.times ? tally.due.map((due) => performance.timeOrigin + due) : [],
    latency: latencyOf(tally.served),
    refusalLatency: latencyOf(tally.refused),
    cpuSeconds: (user + system) / 1e6,
  };
}

async function closedLoop(requests: Buffer[], job: LoadJob, inFlight: number, tally: Tally): Promise<void> {
  const end = performance.now() + job.seconds * 1_000;
  let next = 0;
  await Promise.all(
    Array.from({ length: inFlight }, async () => {
      const connection = new Connection(job.port);
      while (!stopped && performance.now() < end && (job.repeat || next < requests.length)) {
        const request = requests[next % requests.length] as Buffer;
        const now = performance.now();
        tally.due[job.times ? next : 0] = now;
        next++;
        await exchange(connection, request, now, tally);
      }
      connection.close();
    }),
  );
}

/** Of buyers who are there already when the clock starts, since they looked at the hall before. */
async function openConnections(port: number, count: number): Promise<Connection[]> {
  const opened: Connection[] = [];
  while (opened.length < count) {
    const some = Array.from({ length: OPENED_AT_ONCE }, () => new Connection(port).open());
    opened.push(...(await Promise.all(some)));
  }
  return opened;
}

/** Arrivals are a Poisson process; latency is counted from when each was due, so that a stall is not left out. */
async function openLoop(
  requests: Buffer[],
  job: LoadJob,
  { perSecond, idle }: { perSecond: number; idle: Connection[] },
  tally: Tally,
): Promise<void> {
  const began = performance.now();
  const end = began + job.seconds * 1_000;
  const waiting: { request: Buffer; due: number }[] = [];
  const running = new Set<Promise<void>>();
  let connections = idle.length;
  const start = (connection: Connection, request: Buffer, due: number): void => {
    const done = exchange(connection, request, due, tally).then(() => {
      running.delete(done);
      const waited = waiting.shift();
      if (waited) start(connection, waited.request, waited.due);
      else idle.push(connection);
    });
    running.add(done);
  };
  let due = began;
  for (let n = 0; job.repeat || n < requests.length; n++) {
    due += (-Math.log(1 - Math.random()) / perSecond) * 1_000;
    if (due >= end || stopped) break;
    tally.due[job.times ? n : 0] = due;
    while (performance.now() < due) await new Promise((turn) => setTimeout(turn, 1));
    const request = requests[n % requests.length] as Buffer;
    const connection = idle.pop() ?? (connections < CONNECTIONS_MAX ? newConnection() : undefined);
    if (connection) start(connection, request, due);
    else waiting.push({ request, due });
  }
  while (running.size > 0) await Promise.all(running);
  for (const connection of idle) connection.close();

  function newConnection(): Connection {
    connections++;
    return new Connection(job.port);
  }
}

async function exchange(connection: Connection, request: Buffer, since: number, tally: Tally): Promise<void> {
  const { status, retryAfter } = await connection.send(request);
  const ms = performance.now() - since;
  tally.statuses[status] = (tally.statuses[status] ?? 0) + 1;
  if (status === 503 && !retryAfter) tally.withoutRetryAfter++;
  (status >= 200 && status < 300 ? tally.served : tally.refused).push(ms);
}

function bytesOf({ method, path, accept, body = "", token }: RequestLine, { tokens }: LoadJob): Buffer {
  const head = [
    `${method} ${path} HTTP/1.1`,
    "host: 127.0.0.1",
    ...(token === undefined ? [] : [`authorization: Bearer ${tokens[token]}`]),
    ...(accept ? [`accept: ${accept}`] : []),
    ...(body === "" ? [] : ["content-type: application/json", `content-length: ${Buffer.byteLength(body)}`]),
    "",
    body,
  ];
  return Buffer.from(`${head.slice(0, -1).join("\r\n")}\r\n${body}`);
}

function latencyOf(ms: number[]): Latency {
  const sorted = Float64Array.from(ms).sort();
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
  return { count: sorted.length, p50: at(0.5), p99: at(0.99), max: at(1) };
}
