import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, test } from "node:test";
import type { LoadJob } from "../../bench/load/job.ts";
import { load } from "../../bench/world.ts";

let server: Server;
afterEach(() => server.closeAllConnections());

/** What a load against this server counts; the requests of a job are one POST with a token unless it says otherwise. */
async function against(answer: RequestListener, job: Partial<LoadJob> & Pick<LoadJob, "pace">, end?: AbortSignal) {
  server = createServer(answer).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const requests = [{ method: "POST", path: "/hold", body: '{"seat":1}', token: 0 } as const];
  const loaded = load({ port, requests, tokens: ["t0"], seconds: 1, repeat: true, ...job }, end);
  return loaded.finally(() => server.close());
}

const DONE = { "content-length": 0 };

test("requests arrive whole, with their token, and each answer is counted by its status", async () => {
  const seen = new Set<string>();
  const result = await against(
    async (req, res) => {
      const body = Buffer.concat(await req.toArray()).toString();
      seen.add(`${req.method} ${req.url} ${req.headers.authorization} ${body}`);
      res.writeHead(201, DONE).end();
    },
    {
      pace: { closed: 2 },
      requests: Array(20).fill({ method: "POST", path: "/a", body: "{}", token: 0 }),
      repeat: false,
    },
  );
  assert.deepEqual([...seen], ["POST /a Bearer t0 {}"]);
  assert.deepEqual(result.statuses, { 201: 20 });
  assert.equal(result.latency.count, 20);
});

test("a refusal 503 without Retry-After is noticed, and a connection that ends unanswered is an unknown outcome", async () => {
  let n = 0;
  const { statuses, withoutRetryAfter } = await against(
    (_, res) => {
      n++;
      if (n === 1) res.writeHead(503, { ...DONE, "retry-after": "1" }).end();
      else if (n === 2) res.writeHead(503, DONE).end();
      else if (n === 3) res.destroy();
      else res.writeHead(201, DONE).end();
    },
    { pace: { closed: 1 }, requests: Array(4).fill({ method: "POST", path: "/", body: "{}" }), repeat: false },
  );
  assert.deepEqual(statuses, { 0: 1, 201: 1, 503: 2 });
  assert.equal(withoutRetryAfter, 1);
});

/** Answers at once, but for one stall of 400 ms. */
function stalling(): RequestListener {
  let until = 0;
  return (_, res) => {
    if (until === 0) until = performance.now() + 400;
    setTimeout(() => res.writeHead(201, DONE).end(), Math.max(0, until - performance.now()));
  };
}

test("an open loop goes on asking while the server stalls, and counts the wait of all who came meanwhile", async () => {
  const open = await against(stalling(), { pace: { open: 200 } });
  // A closed loop of one has one bad answer among hundreds: its p99 would say that nothing was wrong.
  assert(open.latency.p99 > 200, `${open.latency.p99} ms`);
});

test("a request that nobody answers is an unknown outcome, however the load goes on", async () => {
  let n = 0;
  const answerSecond: RequestListener = (_, res) => void (n++ % 2 === 1 && res.writeHead(201, DONE).end());
  const requests = Array(2).fill({ method: "POST", path: "/", body: "{}" });
  const job = { pace: { open: 50 }, requests, repeat: false, seconds: 60 };
  assert.deepEqual((await against(answerSecond, job)).statuses, { 0: 1, 201: 1 });
});

test("a load can be ended before its time, and tells all that it did", async () => {
  let seen = 0;
  const end = new AbortController();
  const answer: RequestListener = (_, res) => {
    if (++seen === 20) end.abort();
    res.writeHead(201, DONE).end();
  };
  const { statuses } = await against(answer, { pace: { open: 200 }, seconds: 600 }, end.signal);
  assert.deepEqual(statuses, { 201: seen });
});

test("a generator that ends without a result fails the load, and nobody waits for it", async () => {
  const broken = against((_, res) => res.end(), { pace: { open: 1 }, requests: [null as never] });
  await assert.rejects(broken, /The load ended without an answer/);
});

test("each request has its due time where they are asked for, by which others can tell how long it took", async () => {
  const arrived: number[] = [];
  const answer: RequestListener = (_, res) => {
    arrived.push(Date.now());
    res.writeHead(201, DONE).end();
  };
  const { due, lastDue, statuses } = await against(answer, { pace: { open: 50 }, times: true });
  assert.equal(due.length, statuses[201]);
  assert.equal(due.at(-1), lastDue);
  // Clocks tell whole milliseconds here.
  assert(due.every((at, n) => at <= (arrived[n] as number) + 1));
});
