import assert from "node:assert/strict";
import { once } from "node:events";
import { Agent, type IncomingMessage, request } from "node:http";
import { connect } from "node:net";
import { json as bodyOf } from "node:stream/consumers";
import { test } from "node:test";
import { until } from "../support/until.ts";
import { bearer, json, startGateway } from "./support/gateway.ts";

/** An answer, with the header that fetch keeps to itself. */
async function get(url: string, agent: Agent): Promise<IncomingMessage & { body: unknown }> {
  const sent = request(url, { agent }).end();
  const [response] = (await once(sent, "response")) as [IncomingMessage];
  return Object.assign(response, { body: await bodyOf(response) });
}

test("a stopping gateway answers what it has begun, and tells all others to come back, until it is done", async () => {
  let called: () => void = () => undefined;
  let finish: () => void = () => undefined;
  const begun = new Promise<void>((resolve) => {
    called = resolve;
  });
  const slow = () =>
    new Promise((resolve) => {
      finish = () => resolve({ id: "b1" });
      called();
    });
  const gateway = await startGateway({ booking: { get: { handler: slow } } });
  const kept = new Agent({ keepAlive: true, maxSockets: 1 });
  const opened = await get(`${gateway.url}/health/live`, kept);
  assert.equal(opened.headers.connection, "keep-alive");

  const underWay = gateway.fetch("/api/bookings/b1", { headers: bearer(gateway.token()) });
  await begun;
  const stopped = gateway.stop();
  await until(async () => (await gateway.fetch("/api/events")).headers.get("connection") === "close", {
    what: "the gateway to stop",
  });
  const late = await get(`${gateway.url}/api/events`, kept);
  assert.deepEqual(
    [late.statusCode, late.headers.connection, late.headers["retry-after"]],
    [503, "close", "1"],
    "a connection from before is told to close",
  );
  assert.equal((await gateway.fetch("/health/ready")).status, 503);
  assert.equal((await gateway.fetch("/health/live")).status, 200);
  finish();
  const answer = await underWay;
  assert.equal(answer.headers.get("connection"), "close");
  assert.deepEqual((await json(answer)).data, { id: "b1" });
  await stopped;
  await assert.rejects(gateway.fetch("/health/live"));
});

test("a gateway stops although a client never ends its request", async () => {
  const gateway = await startGateway({ booking: {} });
  const stuck = connect(Number(new URL(gateway.url).port), "127.0.0.1");
  await once(stuck, "connect");
  stuck.write("POST /api/bookings HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n");
  const began = performance.now();
  await gateway.stop();
  assert.ok(performance.now() - began < 9_000);
  stuck.destroy();
});
