import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { after, before, test } from "node:test";
import { Redis } from "ioredis";
import type { Pool } from "pg";
import { freePort } from "#stack/ports.ts";
import { redisAnswers } from "#stack/redis/redis.ts";
import { type SeatLockMode, SeatLocks } from "../../services/booking/seat.locks.ts";
import { until } from "../support/until.ts";
import { openBoxOffice, putOnSale } from "./support/box-office.ts";
import { HoldDesk } from "./support/hold-desk.ts";

/** Three servers that know nothing of one another. The tests build on one another: first all are up, in the end one is left. */
interface Server {
  url: string;
  process: ChildProcess;
}
const servers: Server[] = [];
const LONG_MS = 60_000;
let pool: Pool;
let count = 0;

async function startRedis(): Promise<Server> {
  const port = await freePort();
  const args = ["--port", String(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"];
  const url = `redis://127.0.0.1:${port}`;
  const server = { url, process: spawn("redis-server", args, { stdio: "ignore" }) };
  await until(() => redisAnswers(url).then(() => true), { what: `${url} to answer` });
  return server;
}

async function kill({ process: child }: Server): Promise<void> {
  child.kill("SIGKILL");
  await once(child, "exit");
}

before(async () => {
  pool = await openBoxOffice();
  for (let n = 0; n < 3; n++) servers.push(await startRedis());
});
after(async () => {
  for (const server of servers) server.process.kill("SIGKILL");
  await pool.end();
});

async function locksOf(mode: SeatLockMode): Promise<SeatLocks> {
  const logger = { warn() {} } as never;
  const locks = new SeatLocks({ mode, urls: servers.map(({ url }) => url), ttlMs: LONG_MS, logger });
  await locks.connect();
  after(() => locks.close());
  return locks;
}

const fresh = () => `{test}:seat:${count++}`;

/** Another node takes a seat's lock and is then told from one that asks for it too. */
async function assertExclusive(): Promise<void> {
  const [one, other] = [await locksOf("required"), await locksOf("required")];
  const seat = fresh();
  const lease = await until(
    async () => {
      const taken = await one.acquire([seat]);
      return typeof taken === "object" ? taken : undefined;
    },
    { what: "the lock to be granted" },
  );
  assert.equal(await other.acquire([seat]), "contended");
  // By then it has met the server that is away, and knows that the others are most of them.
  assert.equal(await other.acquire([seat]), "contended");
  await one.ping();
  lease.release();
  await until(async () => typeof (await other.acquire([seat])) === "object", { what: "the lock to be given back" });
}

test("a lock is had by one node, and is on every server", async () => {
  await assertExclusive();
  const locks = await locksOf("required");
  const seat = fresh();
  assert.equal(typeof (await locks.acquire([seat])), "object");
  for (const { url } of servers) {
    const redis = new Redis(url);
    assert.equal(await redis.exists(seat), 1);
    redis.disconnect();
  }
});

test("a server that stands still slows nobody down but once a second, and keeps no lock when it goes on", async () => {
  const [stopped] = servers as [Server];
  const locks = await locksOf("required");
  const redis = new Redis(stopped.url);
  await redis.flushall();
  stopped.process.kill("SIGSTOP");
  try {
    const took: number[] = [];
    for (let n = 0; n < 21; n++) {
      const began = performance.now();
      const lease = await locks.acquire([fresh()]);
      took.push(performance.now() - began);
      assert(typeof lease === "object");
      lease.release();
    }
    const median = took.toSorted((a, b) => a - b)[10] as number;
    assert(median < 100, `half of the locks took ${median} ms: each waits for the server that stands still`);
    await assertExclusive();
  } finally {
    stopped.process.kill("SIGCONT");
  }
  // assertExclusive leaves one on it, if by then it was asked again: not for longer than a lock lives.
  await until(async () => (await redis.dbsize()) <= 1, { what: "what nobody has to be given back there" });
  redis.disconnect();
});

test("with one killed, locks still keep nodes apart", async () => {
  await kill(servers[1] as Server);
  await assertExclusive();
});

for (const [mode, code] of [
  ["required", "SERVICE_UNAVAILABLE"],
  ["on", "HELD"],
] as const) {
  test(`with two of three killed, SEAT_LOCKS=${mode}, a hold is answered ${code}`, async () => {
    if ((servers[2] as Server).process.signalCode === null) await kill(servers[2] as Server);
    const desk = new HoldDesk(pool, mode, { urls: servers.map(({ url }) => url) });
    await desk.connect();
    const { eventId, seatIds } = await putOnSale(pool, 1);
    const answer = await desk.hold(eventId, seatIds).then(
      () => "HELD",
      (error) => error.type,
    );
    await desk.close();
    assert.equal(answer, code);
    const locks = await locksOf(mode);
    await assert.rejects(locks.ping(), "it says that it is well");
  });
}
