import assert from "node:assert/strict";
import { request } from "node:http";
import { after, before, describe, test } from "node:test";
import { ENDPOINTS } from "../../services/gateway/routes.ts";
import { bearer, type GatewayUnderTest, json, startGateway } from "./support/gateway.ts";

let gateway: GatewayUnderTest;
before(async () => {
  const anyone = { access: "anyone" };
  const page = { items: [{ id: "e1" }], limit: 20, nextCursor: null };
  gateway = await startGateway({
    catalog: {
      listEvents: { ...anyone, handler: () => page },
      getSeatMap: { ...anyone, handler: () => ({ version: 3, zones: [{ name: "Parkett überall", rows: [] }] }) },
    },
    booking: {
      availability: { ...anyone, handler: () => ({ seatCount: 5, bits: "5AE=" }) },
      listMine: { handler: () => page },
    },
  });
});
after(() => gateway.stop());

interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: Buffer;
}

/** By node:http, which neither hides nor adds headers. */
function ask(method: string, path: string, headers: Record<string, string> = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    request(gateway.url + path, { method, headers }, async (res) => {
      const chunks: Buffer[] = [];
      for await (const chunk of res) chunks.push(chunk);
      resolve({ status: res.statusCode as number, headers: res.headers, body: Buffer.concat(chunks) });
    })
      .on("error", reject)
      .end();
  });
}

describe("a method that a path does not take is refused, and those it takes are named:", () => {
  const cases: [method: string, path: string, allow: string][] = [
    ["DELETE", "/api/events", "GET, POST, HEAD, OPTIONS"],
    ["PUT", "/api/events/e1", "GET, HEAD, OPTIONS"],
    ["POST", "/api/events/e1/seats?x=1&x=2", "GET, HEAD, OPTIONS"],
    ["GET", "/api/bookings", "POST, OPTIONS"],
    ["HEAD", "/api/bookings", "POST, OPTIONS"],
    ["PATCH", "/api/bookings/b1/cancel/", "POST, OPTIONS"],
    ["PUT", "/api/events/%E0%A4%A", "GET, HEAD, OPTIONS"],
    ["PROPFIND", "/health/ready", "GET, HEAD, OPTIONS"],
  ];
  for (const [method, path, allow] of cases) {
    test(`${method} ${path}`, async () => {
      const { status, headers, body } = await ask(method, path);
      assert.equal(status, 405);
      assert.equal(headers.allow, allow);
      if (method !== "HEAD") assert.equal(JSON.parse(body.toString()).error.code, "METHOD_NOT_ALLOWED");
    });
  }
  test("before the body is read or the token looked at", async () => {
    const headers = { ...bearer("bad"), "content-type": "application/json", "content-length": "1000000" };
    const answer = await new Promise<number | undefined>((resolve, reject) => {
      const req = request(`${gateway.url}/api/bookings/b1`, { method: "PUT", headers }, (res) => {
        resolve(res.statusCode);
        req.destroy();
      });
      req.on("error", reject).flushHeaders();
    });
    assert.equal(answer, 405);
  });
});

test("OPTIONS names the methods of every address, asks for no token and runs nothing", async () => {
  for (const { path, method } of ENDPOINTS) {
    const { status, headers, body } = await ask("OPTIONS", path.replace(/:\w+/g, "x"));
    assert.equal(status, 204, path);
    assert.ok(String(headers.allow).split(", ").includes(method), path);
    assert.equal(body.length, 0);
  }
});

describe("HEAD is answered as GET is, without the body:", () => {
  const BYTES = { accept: "application/octet-stream" };
  const cases: [path: string, headers: Record<string, string>][] = [
    ["/api/events", {}],
    ["/api/events/e1/seats", {}],
    ["/api/events/e1/availability", BYTES],
    ["/api/bookings/my", {}],
    ["/health/live", {}],
    ["/openapi.json", {}],
    ["/docs", {}],
    ["/api/events?foo=1", {}],
    ["/api/nowhere", {}],
  ];
  for (const [path, own] of cases) {
    test(`${path}`, async () => {
      const headers = { ...bearer(gateway.token()), "x-correlation-id": "same", ...own };
      const [get, head] = [await ask("GET", path, headers), await ask("HEAD", path, headers)];
      assert.equal(head.body.length, 0);
      assert.equal(head.status, get.status);
      assert.equal(Number(get.headers["content-length"]), get.body.length);
      const lasting = ({ headers: { date, ...rest } }: Answer) =>
        Object.fromEntries(Object.entries(rest).filter(([name]) => !name.startsWith("x-ratelimit")));
      assert.deepEqual(lasting(head), lasting(get));
    });
  }
  test("without a token too where one is needed", async () => {
    const { status, headers } = await ask("HEAD", "/api/bookings/my");
    assert.equal(status, 401);
    assert.equal(headers["www-authenticate"], "Bearer");
  });
  test("not sent again to who has it", async () => {
    const { status } = await ask("HEAD", "/api/events/e1/seats", { "if-none-match": '"e1.3"' });
    assert.equal(status, 304);
  });
});

test("a connection goes on after an answer to HEAD and a refused method", async () => {
  for (const method of ["HEAD", "DELETE", "OPTIONS"]) await (await gateway.fetch("/api/events", { method })).text();
  assert.deepEqual((await json(await gateway.fetch("/api/events"))).data, [{ id: "e1" }]);
});
