import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { test } from "node:test";
import { bearer, json, startGateway } from "./support/gateway.ts";

test("a stopping gateway answers what it has begun, closes idle connections and takes no more", async () => {
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
  const idle = connect(Number(new URL(gateway.url).port), "127.0.0.1");
  await once(idle, "connect");
  idle.resume().write("GET /health/live HTTP/1.1\r\nhost: x\r\n\r\n");
  await once(idle, "data");

  const underWay = gateway.fetch("/api/bookings/b1", { headers: bearer(gateway.token()) });
  await begun;
  const stopped = gateway.stop();
  await once(idle, "close");
  await assert.rejects(gateway.fetch("/health/live"));
  finish();
  assert.deepEqual((await json(await underWay)).data, { id: "b1" });
  await stopped;
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
