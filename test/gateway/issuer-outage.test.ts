import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { until } from "../support/until.ts";
import { bearer, echo, type GatewayUnderTest, json, startGateway } from "./support/gateway.ts";
import { makeKey, sign } from "./support/issuer.ts";

let gateway: GatewayUnderTest;
before(async () => {
  gateway = await startGateway(
    { booking: { get: { handler: echo } }, catalog: { getEvent: { access: "anyone", handler: echo } } },
    { FAILED_LOGINS_PER_MINUTE: "2" },
  );
  gateway.issuer.brokenStatus = 500;
});
after(() => gateway.stop());

const ask = (token: string) => gateway.fetch("/api/bookings/b1", { headers: bearer(token) });

describe("while the issuer's keys cannot be had", () => {
  test("a token is neither good nor bad: 503, when to come back, and no failed login", async () => {
    for (const token of [gateway.token(), sign(makeKey("key-2")), gateway.token()]) {
      const response = await ask(token);
      assert.equal(response.status, 503);
      assert.equal(response.headers.get("retry-after"), "1");
      assert.equal(response.headers.get("www-authenticate"), null);
      assert.equal((await json(response)).error.code, "SERVICE_UNAVAILABLE");
    }
  });
  test("what can be told without them is told", async () => {
    assert.equal((await gateway.fetch("/api/bookings/b1")).status, 401);
    assert.equal((await ask("a.b.c")).status, 401);
  });
  test("what needs no token is answered", async () => {
    assert.equal((await gateway.fetch("/api/events/e1", { headers: bearer(gateway.token()) })).status, 200);
  });
});

test("tokens are good again when the issuer is back, without a restart", async () => {
  gateway.issuer.brokenStatus = undefined;
  // One of two failed logins is spent: had the unanswered ones counted, this would be refused for a minute.
  await until(async () => (await ask(gateway.token())).status === 200, { what: "a token to be good" });
});
