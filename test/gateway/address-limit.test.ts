import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import { RateLimiter } from "../../services/gateway/rate-limit.ts";
import { bearer, echo, type GatewayUnderTest, json, post, startGateway } from "./support/gateway.ts";
import { makeKey, sign } from "./support/issuer.ts";

let gateway: GatewayUnderTest;
before(async () => {
  gateway = await startGateway(
    { booking: { get: { handler: echo } }, catalog: { getEvent: { access: "anyone", handler: echo } } },
    {
      RATE_LIMIT_PER_MINUTE: "100",
      ADDRESS_RATE_LIMIT_PER_MINUTE: "4",
      FAILED_LOGINS_PER_MINUTE: "3",
      TRUSTED_PROXIES: "127.0.0.0/8",
    },
  );
});
after(() => gateway.stop());

/** The test is the proxy, and each test has clients of its own. */
let client = 0;
beforeEach(() => {
  client += 1;
});
const from = (address = `203.0.113.${client}`) => ({ "x-forwarded-for": address });
const [EVENT, BOOKING] = ["/api/events/e1", "/api/bookings/b1"];
const ask = (path: string, headers: Record<string, string> = {}) =>
  gateway.fetch(path, { headers: { ...from(), ...headers } });
const left = (response: Response) => response.headers.get("x-ratelimit-remaining");
const bad = () => bearer(sign(makeKey("key-1")));

async function assertRefused(response: Response, code: string, limit: string): Promise<void> {
  assert.equal(response.status, 429);
  assert.equal((await json(response)).error.code, code);
  assert.equal(response.headers.get("x-ratelimit-limit"), limit);
  assert.equal(left(response), "0");
  const reset = Number(response.headers.get("x-ratelimit-reset")) - Date.now() / 1_000;
  assert.ok(reset > -1 && reset <= 61, `${reset}`);
  const wait = Number(response.headers.get("retry-after"));
  assert.ok(wait >= 1 && wait <= 60, `${wait}`);
}

describe("what needs no token is counted by address", () => {
  test("and refused when it is too much, from that address only", async () => {
    for (const remaining of ["3", "2", "1", "0"]) {
      const response = await ask(EVENT);
      assert.equal(response.status, 200);
      assert.equal(response.headers.get("x-ratelimit-limit"), "4");
      assert.equal(left(response), remaining);
    }
    await assertRefused(await ask(EVENT), "RATE_LIMITED", "4");
    assert.equal((await ask(EVENT, from("198.51.100.1"))).status, 200);
  });
  test("whatever token and whatever forged addresses come with it", async () => {
    for (let i = 0; i < 4; i++) {
      const headers = { ...bearer(gateway.token({ sub: `user-${i}` })), ...from(`1.1.1.${i}, 203.0.113.${client}`) };
      assert.equal((await ask(EVENT, headers)).status, 200);
    }
    await assertRefused(await ask(EVENT, bearer(gateway.token())), "RATE_LIMITED", "4");
  });
  test("by the network where it is IPv6", async () => {
    for (let i = 0; i < 4; i++) await ask(EVENT, from(`2001:db8:${client}:2::${i}`));
    await assertRefused(await ask(EVENT, from(`2001:db8:${client}:2:9:9:9:9`)), "RATE_LIMITED", "4");
    assert.equal((await ask(EVENT, from(`2001:db8:${client}:3::1`))).status, 200);
  });
});

test("a request that brings no token where one is needed counts for its address, and not as a failed login", async () => {
  for (let i = 0; i < 4; i++) {
    const response = await ask(BOOKING);
    assert.equal(response.status, 401);
    assert.equal(left(response), String(3 - i));
  }
  await assertRefused(await gateway.fetch("/api/bookings", post({}, from())), "RATE_LIMITED", "4");
  assert.equal((await ask(BOOKING, bearer(gateway.token()))).status, 200, "a user is not held to it");
  assert.equal((await ask(BOOKING, bad())).status, 401);
});

test("a user's requests count for the user, from wherever they come", async () => {
  for (let i = 0; i < 6; i++) {
    const response = await ask(BOOKING, {
      ...bearer(gateway.token({ sub: "roaming" })),
      ...from(`203.0.113.${100 + i}`),
    });
    assert.equal(response.headers.get("x-ratelimit-limit"), "100");
    assert.equal(left(response), String(99 - i));
  }
  assert.equal(left(await ask(EVENT)), "3");
});

describe("bad tokens", () => {
  test("are told how many are left, and refused as failed logins after that, unread", async () => {
    for (const remaining of ["2", "1", "0"]) {
      const response = await ask(BOOKING, bad());
      assert.equal(response.status, 401);
      assert.equal(response.headers.get("x-ratelimit-limit"), "3");
      assert.equal(left(response), remaining);
    }
    await assertRefused(await ask(BOOKING, bad()), "TOO_MANY_FAILED_LOGINS", "3");
    const unread = await ask(BOOKING, bearer(gateway.token({ sub: "newcomer" })));
    await assertRefused(unread, "TOO_MANY_FAILED_LOGINS", "3");
    assert.equal((await ask(EVENT)).status, 200, "what needs no token is still answered");
  });
  test("from one address do not lock out a user of it who is known, nor anybody elsewhere", async () => {
    const known = bearer(gateway.token({ sub: "neighbour" }));
    assert.equal((await ask(BOOKING, known)).status, 200);
    for (let i = 0; i < 5; i++) await ask(BOOKING, bad());
    assert.equal((await ask(BOOKING, known)).status, 200);
    assert.equal(
      (await ask(BOOKING, { ...bearer(gateway.token({ sub: "far" })), ...from("198.51.100.2") })).status,
      200,
    );
  });
  test("are counted whatever is bad about them", async () => {
    const headers = [{ authorization: "" }, { authorization: "Basic YTpi" }, bearer("x".repeat(9_000)), bad()];
    const statuses = [];
    for (const header of headers) statuses.push((await ask(BOOKING, header)).status);
    assert.deepEqual(statuses, [401, 401, 401, 429]);
  });
});

test("good tokens never count as failed logins", async () => {
  for (let i = 0; i < 5; i++) {
    assert.equal((await ask(BOOKING, bearer(gateway.token({ sub: `good-${i}` })))).status, 200);
  }
  assert.equal(left(await ask(BOOKING, bad())), "2");
});

test("probes are not limited", async () => {
  for (let i = 0; i < 10; i++) {
    const response = await ask("/health/live");
    assert.equal(response.status, 200);
    assert.equal(left(response), null);
  }
});

test("looking at a count does not count", () => {
  const limiter = new RateLimiter(1, () => 0);
  for (let i = 0; i < 3; i++) assert.equal(limiter.look("a").allowed, true);
  assert.equal(limiter.take("a").allowed, true);
  assert.equal(limiter.look("a").allowed, false);
});

test("a million addresses take no more room than the last hundred thousand", () => {
  const limiter = new RateLimiter(1, () => 0);
  limiter.take("first");
  for (let i = 0; i < 100_000; i++) limiter.take(String(i));
  assert.equal(limiter.take("0").allowed, false, "the last hundred thousand are known");
  assert.equal(limiter.look("first").allowed, true, "the one before them was forgotten");
});
