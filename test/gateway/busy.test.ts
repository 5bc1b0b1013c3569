import assert from "node:assert/strict";
import { test } from "node:test";
import { metricsOf } from "#broker/node-metrics.ts";
import { until } from "../support/until.ts";
import { bearer, json, startGateway } from "./support/gateway.ts";

const REQUESTS_MAX = 2_000;

test("when so many requests wait that more would only wait longer, the next are told at once to come back", async () => {
  let calls = 0;
  const { promise: free, resolve: finish } = Promise.withResolvers<void>();
  const slow = async () => {
    calls++;
    await free;
    return { id: "b1" };
  };
  const gateway = await startGateway({ booking: { get: { handler: slow } } }, { RATE_LIMIT_PER_MINUTE: "1000000" });
  const ask = () => gateway.fetch("/api/bookings/b1", { headers: bearer(gateway.token()) });
  const waiting = Array.from({ length: REQUESTS_MAX }, ask);
  await until(() => calls === REQUESTS_MAX, { what: "all to wait" });

  const refused = await gateway.fetch("/api/bookings/b1", { headers: { "x-correlation-id": "late-1" } });
  assert.equal(refused.status, 503);
  assert.equal(refused.headers.get("retry-after"), "1");
  assert.equal(refused.headers.get("x-correlation-id"), "late-1");
  assert.equal((await json(refused)).error.code, "SERVICE_UNAVAILABLE");
  const counted = await metricsOf(gateway.broker).registry.metrics();
  assert.match(
    counted,
    /^eventix_http_request_seconds_count\{route="",status="503"\} 1$/m,
    "a flood would page nobody",
  );
  assert.equal(calls, REQUESTS_MAX);
  assert.equal((await gateway.fetch("/health/live")).status, 200, "whoever watches the node is answered");
  assert.equal((await gateway.fetch("/healthy")).status, 503, "and whoever only looks so is not");

  finish();
  const statuses = (await Promise.all(waiting)).map(({ status }) => status);
  assert.deepEqual(new Set(statuses), new Set([200]));
  assert.equal((await ask()).status, 200);
  await gateway.stop();
  assert.equal(gateway.log.filter(({ msg }) => msg === "request").length, REQUESTS_MAX + 2, "each but the refused");
  const told = gateway.log.filter(({ msg }) => msg.startsWith("refused, since too many"));
  assert.deepEqual(
    told.map(({ status, requests }) => [status, requests]),
    [[503, 2]],
    "the refused are told together",
  );
});
