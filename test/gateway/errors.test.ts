import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Errors } from "moleculer";
import { ERRORS, EventixError } from "#contracts/errors.ts";
import { bearer, type GatewayUnderTest, type Handler, json, post, startGateway } from "./support/gateway.ts";

const SECRET = "password=hunter2 at 10.0.0.7";

/** What `GET /api/bookings/NAME` meets behind the gateway, and what the client is told. */
const failures: Record<
  string,
  { thrown: () => unknown; code: keyof typeof ERRORS; details?: unknown; retryAfter?: string }
> = {
  "a refusal of ours": {
    thrown: () => new EventixError("SEAT_ALREADY_RESERVED", { conflicts: [{ seatId: "s1", status: "HELD" }] }),
    code: "SEAT_ALREADY_RESERVED",
    details: { conflicts: [{ seatId: "s1", status: "HELD" }] },
  },
  "a refusal of ours that came over the bus and lost its class": {
    thrown: () =>
      Object.assign(new Error(ERRORS.BOOKING_NOT_FOUND.message), { name: "EventixError", type: "BOOKING_NOT_FOUND" }),
    code: "BOOKING_NOT_FOUND",
  },
  "a request in progress": {
    thrown: () => new EventixError("REQUEST_IN_PROGRESS"),
    code: "REQUEST_IN_PROGRESS",
    retryAfter: "1",
  },
  "an error of the database": {
    thrown: () => Object.assign(new Error(SECRET), { code: "42P01", detail: SECRET }),
    code: "INTERNAL_ERROR",
  },
  "an error that carries an HTTP status": {
    thrown: () => new Errors.MoleculerError(SECRET, 418, "TEAPOT", { secret: SECRET }),
    code: "INTERNAL_ERROR",
  },
  "something that is no error": { thrown: () => SECRET, code: "INTERNAL_ERROR" },
  "a time-out": {
    thrown: () => new Errors.RequestTimeoutError({ action: "x", nodeID: SECRET }),
    code: "SERVICE_UNAVAILABLE",
    retryAfter: "1",
  },
  "a node that left": {
    thrown: () => new Errors.RequestRejectedError({ action: "x", nodeID: SECRET }),
    code: "SERVICE_UNAVAILABLE",
    retryAfter: "1",
  },
  "a full queue": {
    thrown: () => new Errors.QueueIsFullError({ action: "x", nodeID: SECRET, size: 1, limit: 1 }),
    code: "SERVICE_UNAVAILABLE",
    retryAfter: "1",
  },
  "a service that nobody offers": {
    thrown: () => new Errors.ServiceNotFoundError({ action: "x" }),
    code: "SERVICE_UNAVAILABLE",
    retryAfter: "1",
  },
};

let gateway: GatewayUnderTest;
before(async () => {
  const fail: Handler = ({ params }) => {
    throw failures[params.id as string]?.thrown();
  };
  const checked = { id: { type: "string", max: 100 }, seatIds: { type: "array", min: 1, optional: true } };
  gateway = await startGateway({
    booking: { get: { handler: fail }, create: { params: { ...checked, $$strict: true } as never, handler: fail } },
  });
});
after(() => gateway.stop());

describe("the client is told of", () => {
  for (const [name, { code, details, retryAfter }] of Object.entries(failures)) {
    test(`${name}: ${code}`, async () => {
      const response = await gateway.fetch(`/api/bookings/${encodeURIComponent(name)}`, {
        headers: bearer(gateway.token()),
      });
      const body = await response.text();
      assert.equal(response.status, ERRORS[code].status);
      assert.equal(response.headers.get("retry-after"), retryAfter ?? null);
      const correlationId = response.headers.get("x-correlation-id");
      const expected = code === "INTERNAL_ERROR" ? { correlationId } : details;
      const error = { code, message: ERRORS[code].message, ...(expected ? { details: expected } : {}) };
      assert.deepEqual(JSON.parse(body), { success: false, error });
      assert.ok(!body.includes("hunter2"));
    });
  }
});

test("an unknown error is logged whole, under the id that the client was given", async () => {
  const response = await gateway.fetch("/api/bookings/an%20error%20of%20the%20database", {
    headers: { ...bearer(gateway.token()), "x-correlation-id": "find-me" },
  });
  assert.equal((await json(response)).error.details.correlationId, "find-me");
  const entry = gateway.log.find((line) => line.correlationId === "find-me" && line.err);
  assert.ok(entry);
  const { message, stack } = entry.err as { message: string; stack: string };
  assert.equal(message, SECRET);
  assert.match(stack, /errors\.test\.ts/);
});

test("params that the called action refuses are named, without their values", async () => {
  const response = await gateway.fetch(
    "/api/bookings",
    post({ id: 7, seatIds: [], zzz: SECRET }, bearer(gateway.token())),
  );
  assert.equal(response.status, 422);
  const text = await response.text();
  const { error } = JSON.parse(text);
  assert.equal(error.code, "VALIDATION_ERROR");
  const fields = error.details.errors.map((each: { field: string }) => each.field).sort();
  assert.deepEqual(fields, ["id", "seatIds", "zzz"]);
  assert.ok(!text.includes("gateway-under-test"), "no node is named");
  for (const each of error.details.errors) assert.deepEqual(Object.keys(each), ["field", "message"]);
});

test("a service that no node offers answers 503 and when to come back", async () => {
  const response = await gateway.fetch("/api/events");
  assert.equal(response.status, 503);
  assert.equal(response.headers.get("retry-after"), "1");
  assert.equal((await json(response)).error.code, "SERVICE_UNAVAILABLE");
});

test("a node is not ready while a service is missing, but alive", async () => {
  const ready = await gateway.fetch("/health/ready");
  assert.equal(ready.status, 503);
  assert.ok((await json(ready)).error.details.reasons.includes("no node offers catalog, payment"));
  assert.equal((await gateway.fetch("/health/live")).status, 200);
});

describe("nothing is found at", () => {
  const addresses: [string, string][] = [
    ["GET", "/"],
    ["GET", "/api"],
    ["GET", "/booking/get"],
    ["GET", "/booking.get"],
    ["GET", "/~node/list"],
    ["GET", "/$node/list"],
    ["GET", "/api/~node/list"],
    ["GET", "/gateway/rest"],
    ["GET", "/gateway/listAliases"],
    ["POST", "/gateway/addRoute"],
    ["POST", "/api/venues/x"],
    ["OPTIONS", "/api/nowhere"],
    ["GET", "/api/nowhere?limit=1&limit=2"],
    ["GET", "/api/events/../../etc/passwd"],
  ];
  for (const [method, path] of addresses) {
    test(`${method} ${path}`, async () => {
      const response = await gateway.fetch(path, { method, headers: bearer(gateway.token()) });
      assert.equal(response.status, 404);
      assert.deepEqual(await json(response), {
        success: false,
        error: { code: "NOT_FOUND", message: ERRORS.NOT_FOUND.message },
      });
      assert.ok(response.headers.get("x-correlation-id"));
    });
  }
});

test("an address that cannot be decoded is refused as not valid", async () => {
  const response = await gateway.fetch("/api/events/%E0%A4%A");
  assert.equal(response.status, 422);
  const { code, details } = (await json(response)).error;
  assert.deepEqual({ code, field: details.errors[0].field }, { code: "VALIDATION_ERROR", field: "path" });
});

test("the routes cannot be changed from the bus", async () => {
  for (const action of ["gateway.addRoute", "gateway.removeRoute", "gateway.listAliases", "gateway.rest"]) {
    await assert.rejects(
      gateway.broker.call(action, {}),
      (error: { type: string }) => error.type === "SERVICE_NOT_FOUND",
    );
  }
});
