import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { RateLimiter } from "../../services/gateway/rate-limit.ts";
import { bearer, echo, type GatewayUnderTest, json, post, startGateway } from "./support/gateway.ts";

let gateway: GatewayUnderTest;
before(async () => {
  gateway = await startGateway({ booking: { get: { handler: echo } } }, { RATE_LIMIT_PER_MINUTE: "3" });
});
after(() => gateway.stop());

const ask = (sub: string, headers: Record<string, string> = {}) =>
  gateway.fetch("/api/bookings/b1", { headers: { ...bearer(gateway.token({ sub })), ...headers } });
const left = (response: Response) => response.headers.get("x-ratelimit-remaining");

test("a user's requests are counted, and the one too many is told when to come back", async () => {
  const now = Date.now() / 1_000;
  for (const remaining of ["2", "1", "0"]) {
    const response = await ask("carol");
    assert.equal(response.status, 200);
    assert.equal(response.headers.get("x-ratelimit-limit"), "3");
    assert.equal(left(response), remaining);
    const reset = Number(response.headers.get("x-ratelimit-reset"));
    assert.ok(reset >= now && reset <= now + 62, `${reset}`);
  }
  const response = await ask("carol");
  assert.equal(response.status, 429);
  assert.equal((await json(response)).error.code, "RATE_LIMITED");
  assert.equal(left(response), "0");
  const wait = Number(response.headers.get("retry-after"));
  assert.ok(wait >= 1 && wait <= 60, `${wait}`);
});

test("every token of a user counts as the user, and forged addresses change nothing", async () => {
  for (let i = 0; i < 3; i++) await ask("dave", { "x-forwarded-for": `10.0.0.${i}` });
  const response = await ask("dave", {
    "x-forwarded-for": "10.0.0.9",
    forwarded: "for=10.0.0.9",
    "x-real-ip": "10.0.0.9",
  });
  assert.equal(response.status, 429);
  assert.equal(left(await ask("erin", { "x-forwarded-for": "10.0.0.9" })), "2");
});

test("refused requests count too, broken ones and forbidden ones", async () => {
  const headers = bearer(gateway.token({ sub: "frank" }));
  await gateway.fetch("/api/bookings", post("{", headers));
  await gateway.fetch("/api/events", post({}, headers));
  assert.equal(left(await gateway.fetch("/api/nowhere", { headers })), null);
  assert.equal(left(await ask("frank")), "0");
});

test("a new minute gives a new count", () => {
  let now = 1_000_000;
  const limiter = new RateLimiter(2, () => now);
  assert.deepEqual(
    [1, 2, 3].map(() => limiter.take("a").allowed),
    [true, true, false],
  );
  assert.equal(limiter.take("b").allowed, true);
  now += 59_999;
  assert.equal(limiter.take("a").allowed, false);
  now += 1;
  const { allowed, headers } = limiter.take("a");
  assert.equal(allowed, true);
  assert.deepEqual(headers, { "x-ratelimit-limit": 2, "x-ratelimit-remaining": 1, "x-ratelimit-reset": 1_120 });
});
