import assert from "node:assert/strict";
import { type IncomingMessage, request, type ServerResponse } from "node:http";
import { PassThrough } from "node:stream";
import { after, before, describe, test } from "node:test";
import { gzipSync } from "node:zlib";
import type { CallMeta } from "#contracts/caller.ts";
import { BODY_TIMEOUT_MS, readBody } from "../../services/gateway/body.ts";
import { httpErrorOf } from "../../services/gateway/http-errors.ts";
import { bearer, echo, type GatewayUnderTest, json, post, startGateway } from "./support/gateway.ts";

const JSON_TYPE = "application/json";

let gateway: GatewayUnderTest;
let holds: Record<string, unknown>[] = [];
before(async () => {
  const page = { items: [{ id: "e1" }], limit: 20, nextCursor: "next" };
  const anyone = { access: "anyone" };
  gateway = await startGateway(
    {
      booking: {
        create: {
          handler: ({ params, meta }: { params: object; meta: { idempotencyReplayed?: boolean } }) => {
            holds.push({ ...meta });
            meta.idempotencyReplayed = holds.length > 1;
            return { id: "b1", params };
          },
        },
        get: { handler: echo },
        cancel: { handler: echo },
        listMine: { handler: () => page },
      },
      catalog: {
        listEvents: { ...anyone, handler: ({ params }: { params: object }) => ({ ...page, items: [params] }) },
        getEvent: { ...anyone, handler: echo },
        importVenue: { handler: echo },
        validateSeats: { handler: echo },
      },
    } as never,
    { CORS_ORIGINS: "https://shop.test" },
  );
});
after(() => gateway.stop());

const user = () => bearer(gateway.token());
const operator = () => bearer(gateway.token({ scope: "catalog:write internal" }));
const refusal = async (response: Response) => {
  assert.equal(response.status, 422);
  const { error } = await json(response);
  assert.equal(error.code, "VALIDATION_ERROR");
  return error.details.errors;
};

describe("the correlation id", () => {
  const kept = ["x", "a.b_c-D9", "f".repeat(64)];
  const replaced = ["", "f".repeat(65), "white space", "semi;colon", "ümlaut", "<script>"];
  for (const id of kept) {
    test(`"${id}" of the client is kept, in the answer and in the call`, async () => {
      const response = await gateway.fetch("/api/events/e1", { headers: { "x-correlation-id": id } });
      assert.equal(response.headers.get("x-correlation-id"), id);
      assert.equal((await json(response)).data.requestID, id);
    });
  }
  for (const id of replaced) {
    test(`"${id}" of the client is replaced by a new one`, async () => {
      const response = await sendRaw("/api/events/e1", { "x-correlation-id": id });
      assert.match(response.correlationId, /^[0-9a-f-]{36}$/);
    });
  }
});

/** By node:http, which sends headers that fetch would refuse. */
function sendRaw(path: string, headers: Record<string, string>): Promise<{ status: number; correlationId: string }> {
  return new Promise((resolve, reject) => {
    const latin1 = Object.fromEntries(Object.entries(headers).map(([k, v]) => [k, Buffer.from(v).toString("latin1")]));
    request(gateway.url + path, { headers: latin1 }, (res) => {
      res.resume();
      resolve({ status: res.statusCode as number, correlationId: String(res.headers["x-correlation-id"]) });
    })
      .on("error", reject)
      .end();
  });
}

test("a page is answered as an array with its limit and the next cursor beside it", async () => {
  const response = await gateway.fetch("/api/bookings/my", { headers: user() });
  assert.equal(response.status, 200);
  assert.equal(response.headers.get("cache-control"), "no-store");
  assert.deepEqual(await json(response), {
    success: true,
    data: [{ id: "e1" }],
    meta: { limit: 20, nextCursor: "next" },
  });
});

describe("params come from one place each:", () => {
  test("the path's id is the action's, and a query of that name is refused", async () => {
    const { data } = await json(await gateway.fetch("/api/events/e1"));
    assert.deepEqual(data.params, { id: "e1" });
    assert.deepEqual(await refusal(await gateway.fetch("/api/events/e1?id=e2")), [
      { field: "id", message: "is not a parameter of this address" },
    ]);
  });
  test("a body cannot say what the path says", async () => {
    const path = "/internal/events/e1/seats/validate";
    assert.deepEqual(await refusal(await gateway.fetch(path, post({ eventId: "e2", seatIds: [] }, operator()))), [
      { field: "eventId", message: "is given twice" },
    ]);
    const { data } = await json(await gateway.fetch(path, post({ seatIds: ["s1"] }, operator())));
    assert.deepEqual(data.params, { eventId: "e1", seatIds: ["s1"] });
  });
  test("a query parameter given twice, in brackets or unknown is refused", async () => {
    for (const query of ["limit=1&limit=2", "limit[]=1", "limit[a]=1", "__proto__=1", "foo=1", "limit=1&toString=2"]) {
      await refusal(await gateway.fetch(`/api/events?${query}`));
    }
    const { data } = await json(await gateway.fetch("/api/events?limit=1&cursor=abc"));
    assert.deepEqual(data, [{ limit: "1", cursor: "abc" }]);
  });
  test("a body on GET is not looked at", async () => {
    const status = await new Promise((resolve, reject) => {
      const headers = { "content-type": "application/json", "content-length": "8" };
      const req = request(`${gateway.url}/api/events/e1`, { method: "GET", headers }, (res) => {
        res.resume();
        resolve(res.statusCode);
      });
      req.on("error", reject).end('{"a":1 }');
    });
    assert.equal(status, 200);
  });
  test("a POST without a body has no params but the path's", async () => {
    const { data } = await json(await gateway.fetch("/api/bookings/b1/cancel", { method: "POST", headers: user() }));
    assert.deepEqual(data.params, { id: "b1" });
  });
});

describe("a body is refused", () => {
  const bodies: Record<string, [content: string, type: string, field: string, encoding?: string]> = {
    "that is broken JSON": ["{", JSON_TYPE, "body"],
    "that is a list": ["[1]", JSON_TYPE, "body"],
    "that is a plain value": ["7", JSON_TYPE, "body"],
    "that is nested deeper than anything asked for": [`{"a":${"[".repeat(64)}${"]".repeat(64)}}`, JSON_TYPE, "body"],
    "that is nested tens of thousands deep": [`{"a":${"[".repeat(30_000)}${"]".repeat(30_000)}}`, JSON_TYPE, "body"],
    "that says it is compressed and is not": ["{}", JSON_TYPE, "body", "gzip"],
  };
  for (const [name, [body, type, field, encoding]] of Object.entries(bodies)) {
    test(name, async () => {
      const headers = { ...user(), "content-type": type, ...(encoding && { "content-encoding": encoding }) };
      const errors = await refusal(await gateway.fetch("/api/bookings", post(body, headers)));
      assert.equal(errors[0].field, field);
    });
  }
  const foreign: Record<string, Record<string, string>> = {
    "that is a form": { "content-type": "application/x-www-form-urlencoded" },
    "whose type only begins like JSON": { "content-type": "application/jsonp" },
    "of no type": { "content-type": "" },
    "of an unknown charset": { "content-type": "application/json; charset=utf-99" },
    "of an unknown encoding": { "content-encoding": "zip" },
  };
  for (const [name, headers] of Object.entries(foreign)) {
    test(name, async () => {
      const response = await gateway.fetch("/api/bookings", post("{}", { ...user(), ...headers }));
      assert.equal(response.status, 415);
      assert.equal((await json(response)).error.code, "UNSUPPORTED_MEDIA_TYPE");
    });
  }
  test("that grows over 64 kB when it is unpacked", async () => {
    const body = gzipSync(JSON.stringify({ padding: "x".repeat(65 * 1024) }));
    const headers = { ...user(), "content-type": JSON_TYPE, "content-encoding": "gzip" };
    const response = await gateway.fetch("/api/bookings", { method: "POST", headers, body });
    assert.equal(response.status, 413);
  });
  test("that is larger than 64 kB, whether it says so or not", async () => {
    const body = JSON.stringify({ padding: "x".repeat(65 * 1024) });
    const chunks = new Blob([body]).stream();
    const streamed = { ...post("", user()), body: chunks, duplex: "half" } as RequestInit;
    for (const init of [post(body, user()), streamed]) {
      const response = await gateway.fetch("/api/bookings", init);
      assert.equal(response.status, 413);
      const { error } = await json(response);
      assert.equal(error.code, "PAYLOAD_TOO_LARGE");
      assert.deepEqual(error.details, { limit: 65_536 });
    }
  });
});

test("a body that does not come to its end is given up after ten seconds, and so is the connection", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const headers = { "content-type": JSON_TYPE, "content-length": "99" };
  const req = Object.assign(new PassThrough(), { headers }) as unknown as IncomingMessage;
  (req as unknown as PassThrough).write('{"a"');
  const refused = assert.rejects(readBody(req, {} as ServerResponse, "fields"), (error) => {
    const { status, headers: answered } = httpErrorOf(error, "id");
    assert.deepEqual({ status, answered }, { status: 408, answered: { connection: "close" } });
    return true;
  });
  t.mock.timers.tick(BODY_TIMEOUT_MS);
  await refused;
});

test("a seating plan may be larger, is one param, and is told what is wrong with it in its own way", async () => {
  const plan = { name: "x".repeat(200_000), odd: [1] };
  const path = "/api/venues?duplicateGuids=qualify&plan=7";
  const { data } = await json(await gateway.fetch(path, post(plan, operator())));
  assert.deepEqual(data.params, { plan, duplicateGuids: "qualify", planId: "7" });
  const list = await gateway.fetch("/api/venues", post("[1, 2]", operator()));
  assert.deepEqual((await json(list)).data.params, { plan: [1, 2] });
  const broken = await gateway.fetch("/api/venues", post('{"name": ', operator()));
  assert.equal(broken.status, 422);
  const { error } = await json(broken);
  assert.equal(error.code, "SEATING_PLAN_INVALID");
  assert.match(error.details.errors[0].message, /not JSON/);
  const deep = await json(await gateway.fetch("/api/venues", post("[".repeat(65) + "]".repeat(65), operator())));
  assert.equal(deep.error.code, "SEATING_PLAN_INVALID");
  assert.match(deep.error.details.errors[0].message, /nested more than 64 deep/);
});

describe("a hold", () => {
  test("is sent with a new id, a deadline, the caller and the client's key", async () => {
    holds = [];
    const before = Date.now();
    const response = await gateway.fetch(
      "/api/bookings",
      post({ eventId: "e1" }, { ...user(), "idempotency-key": "k~1" }),
    );
    assert.equal(response.status, 201);
    assert.equal(response.headers.get("location"), "/api/bookings/b1");
    assert.equal(response.headers.get("idempotency-replayed"), null);
    const { bookingId, deadline, user: caller, idempotencyKey } = holds[0] as CallMeta;
    assert.match(String(bookingId), /^[0-9a-f]{8}-[0-9a-f]{4}-7/);
    assert.ok(Number(deadline) >= before + 5_000 && Number(deadline) <= Date.now() + 5_000);
    assert.equal(caller?.id, "alice");
    assert.equal(idempotencyKey, "k~1");
  });
  test("that was answered before says so", async () => {
    holds = [{}];
    const response = await gateway.fetch(
      "/api/bookings",
      post({ eventId: "e1" }, { ...user(), "idempotency-key": "k~1" }),
    );
    assert.equal(response.headers.get("idempotency-replayed"), "true");
  });
  test("is refused with a key that is empty, too long or not visible ASCII", async () => {
    holds = [];
    for (const key of ["", "k".repeat(256), "two words", "kéy"]) {
      await refusal(await gateway.fetch("/api/bookings", post({}, { ...user(), "idempotency-key": key })));
    }
    assert.equal(holds.length, 0);
    const longest = await gateway.fetch("/api/bookings", post({}, { ...user(), "idempotency-key": "k".repeat(255) }));
    assert.equal(longest.status, 201);
  });
  test("takes nothing of what it is sent with from the body", async () => {
    holds = [];
    const meta = { bookingId: "mine", deadline: 0, repeat: true, user: { id: "eve" } };
    await gateway.fetch("/api/bookings", post({ ...meta, meta, $meta: meta }, user()));
    const { bookingId, deadline, repeat } = holds[0] as Record<string, unknown>;
    assert.notEqual(bookingId, "mine");
    assert.notEqual(deadline, 0);
    assert.equal(repeat, undefined);
  });
});

describe("a page of", () => {
  const preflight = (origin: string) =>
    gateway.fetch("/api/bookings", {
      method: "OPTIONS",
      headers: { origin, "access-control-request-method": "POST", "access-control-request-headers": "authorization" },
    });
  test("an allowed origin may call and read", async () => {
    const allowed = await preflight("https://shop.test");
    assert.equal(allowed.status, 204);
    assert.equal(allowed.headers.get("access-control-allow-origin"), "https://shop.test");
    assert.match(allowed.headers.get("access-control-allow-headers") as string, /authorization/);
    const refused = await gateway.fetch("/api/bookings", { method: "POST", headers: { origin: "https://shop.test" } });
    assert.equal(refused.status, 401);
    assert.equal(refused.headers.get("access-control-allow-origin"), "https://shop.test");
  });
  for (const origin of ["https://evil.test", "https://shop.tes", "shop.test", "null"]) {
    test(`${origin} may not`, async () => {
      holds = [];
      const response = await preflight(origin);
      assert.equal(response.headers.get("access-control-allow-origin"), null);
      assert.equal(response.headers.get("access-control-allow-headers"), null);
      assert.match(response.headers.get("vary") as string, /origin/i);
    });
  }
  test("anywhere cannot make OPTIONS run an action", async () => {
    holds = [];
    const headers = { ...user(), "access-control-request-method": "POST", "content-type": "application/json" };
    const response = await gateway.fetch("/api/bookings", { method: "OPTIONS", headers, body: "{}" });
    assert.equal(response.status, 204);
    assert.equal(holds.length, 0);
  });
});

test("each request is logged in one line, with its route and caller and without its token or query", async () => {
  const headers = { ...user(), "x-correlation-id": "logged-once" };
  const response = await gateway.fetch("/api/bookings/b-77?secret=1", { headers });
  await response.text();
  // The line is written when the answer is out: the next answer comes after it.
  await (await gateway.fetch("/health/live")).text();
  const lines = gateway.log.filter((line) => line.correlationId === "logged-once");
  assert.equal(lines.length, 1);
  const { method, route, status, ms, user: caller } = lines[0] as Record<string, unknown>;
  assert.deepEqual(
    { method, route, status, caller },
    { method: "GET", route: "/api/bookings/:id", status: 422, caller: "alice" },
  );
  assert.equal(typeof ms, "number");
  const all = JSON.stringify(gateway.log);
  assert.ok(!all.includes("secret") && !all.includes(headers.authorization.slice(7)));
});
