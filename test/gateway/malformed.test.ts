import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { after, before, describe, test } from "node:test";
import { ERRORS, type ErrorCode } from "#contracts/errors.ts";
import { until } from "../support/until.ts";
import { bearer, type GatewayUnderTest, startGateway } from "./support/gateway.ts";

let gateway: GatewayUnderTest;
let finish: (() => void) | undefined;
before(async () => {
  const get = async () => {
    await new Promise<void>((done) => (finish = done));
    return { id: "b1" };
  };
  gateway = await startGateway({ booking: { get: { handler: get } } });
});
after(() => gateway.stop());

const open = (): Socket => connect(Number(new URL(gateway.url).port), "127.0.0.1").setEncoding("utf8");

/** All that comes until the gateway closes the connection. */
async function rest(socket: Socket): Promise<string> {
  let said = "";
  for await (const chunk of socket) said += chunk;
  return said;
}

const requestLines = () => gateway.log.filter(({ msg }) => msg === "request");

/** The requests that are logged from when `act` begins, at the least so many. */
async function loggedBy(lines: number, act: () => Promise<unknown>): Promise<Record<string, unknown>[]> {
  const before = requestLines().length;
  await act();
  await until(() => requestLines().length - before >= lines, { what: `${lines} lines to be logged` });
  return requestLines().slice(before);
}

const GET = "GET /api/events HTTP/1.1\r\n";
const POST = "POST /api/bookings HTTP/1.1\r\nhost: x\r\n";
const OURS = "x-correlation-id: kept-1\r\n";

interface Refused {
  code: ErrorCode;
  /** Where it could be read. */
  method?: string;
  keepsId?: true;
}
const UNREAD: Refused = { code: "VALIDATION_ERROR" };
const BROKEN_BODY: Refused = { code: "VALIDATION_ERROR", method: "POST", keepsId: true };
const WITH_HEADERS: Refused = { code: "VALIDATION_ERROR", method: "GET", keepsId: true };

const table: [name: string, bytes: string, refused: Refused][] = [
  ["a broken first line", "NONSENSE\r\n\r\n", UNREAD],
  ["headers of 20 kB", `${GET}host: x\r\nauthorization: ${"x".repeat(20_000)}\r\n\r\n`, UNREAD],
  ["a length and chunks", `${POST}content-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`, UNREAD],
  ["a chunk of no length", `${POST}${OURS}transfer-encoding: chunked\r\n\r\nZZ\r\n`, BROKEN_BODY],
  ["an encoding that is no chunks", `${POST}transfer-encoding: gzip\r\n\r\nZZ\r\n`, { ...UNREAD, method: "POST" }],
  ["TLS", "\x16\x03\x01\x00\x05\x01", UNREAD],
  ["a path with bytes that are no ASCII", "GET /api/events/\u00e9 HTTP/1.1\r\nhost: x\r\n\r\n", UNREAD],
  ["two lengths", "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n", UNREAD],
  ["HTTP/2 from the start", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", UNREAD],
  ["no Host", `${GET}${OURS}\r\n`, WITH_HEADERS],
  ["an unknown expectation", `${GET}host: x\r\n${OURS}expect: 200-maybe\r\n\r\n`, WITH_HEADERS],
  [
    "an unknown expectation before a body",
    `${POST}${OURS}expect: 200-maybe\r\ncontent-length: 2\r\n\r\n{}`,
    { ...WITH_HEADERS, method: "POST" },
  ],
  [
    "CONNECT",
    `CONNECT x:443 HTTP/1.1\r\nhost: x\r\n${OURS}\r\n`,
    { code: "METHOD_NOT_ALLOWED", method: "CONNECT", keepsId: true },
  ],
];

describe("what Node itself would refuse is answered and logged as every other refusal, and the connection ends:", () => {
  for (const [name, bytes, { code, method = null, keepsId }] of table) {
    test(name, async () => {
      let answer = "";
      const lines = await loggedBy(1, async () => {
        const socket = open();
        socket.write(bytes);
        answer = await rest(socket);
      });
      const [head = "", body = ""] = answer.split("\r\n\r\n");
      const { status } = ERRORS[code];
      assert.match(head, new RegExp(`^HTTP/1\\.1 ${status} \\w`));
      assert.match(head, /\r\nconnection: close/i);
      assert.equal(/\r\nallow: .*POST/.test(head), status === 405);
      const { success, error } = JSON.parse(body);
      assert.deepEqual({ success, code: error.code }, { success: false, code });
      const [, correlationId] = /x-correlation-id: (\S+)/.exec(head) ?? [];
      if (keepsId) assert.equal(correlationId, "kept-1");
      const shown = lines.map(({ method, route, status, ms, user, correlationId }) => {
        return { method, route, status, ms: typeof ms, user, correlationId };
      });
      assert.deepEqual(shown, [{ method, route: null, status, ms: "number", user: null, correlationId }]);
    });
  }
});

describe("what is unusual and right is answered as any request:", () => {
  const CLOSE = "connection: close\r\n";
  const right: [name: string, bytes: string][] = [
    ["HTTP/1.0, which knows no Host", "GET /health/live HTTP/1.0\r\n\r\n"],
    ["100-continue", `GET /health/live HTTP/1.1\r\nhost: x\r\n${CLOSE}expect: 100-continue\r\n\r\n`],
    [
      "an upgrade, which is not taken",
      "GET /health/live HTTP/1.1\r\nhost: x\r\nconnection: upgrade, close\r\nupgrade: h2c\r\n\r\n",
    ],
  ];
  for (const [name, bytes] of right) {
    test(name, async () => {
      const socket = open();
      socket.write(bytes);
      assert.match(await rest(socket), /^(HTTP\/1\.1 100 Continue\r\n\r\n)?HTTP\/1\.1 200 /);
    });
  }
});

for (const [name, next, status] of [
  ["what cannot be read", "NONSENSE\r\n\r\n", 422],
  ["CONNECT", "CONNECT x:443 HTTP/1.1\r\nhost: x\r\n\r\n", 405],
] as const) {
  test(`${name} waits for its turn behind a request that is being answered`, async () => {
    const { authorization } = bearer(gateway.token());
    let answer = "";
    finish = undefined;
    const lines = await loggedBy(3, async () => {
      const socket = open();
      socket.write(`GET /api/bookings/b1 HTTP/1.1\r\nhost: x\r\nauthorization: ${authorization}\r\n\r\n${next}`);
      await until(() => finish !== undefined, { what: "the booking to be asked for" });
      // Whatever is not waited for is out before the answer to another request.
      await gateway.fetch("/health/live");
      finish?.();
      answer = await rest(socket);
    });
    const statuses = [...answer.matchAll(/HTTP\/1\.1 (\d+)/g)].map((match) => Number(match[1]));
    assert.deepEqual(statuses, [200, status]);
    const ours = lines.filter(({ route }) => route !== "/health/live").map((line) => line.status);
    assert.deepEqual(ours, [200, status]);
  });
}

test("a request that is refused before its body is read is answered once, however broken its body is", async () => {
  const lines = await loggedBy(1, async () => {
    const socket = open();
    socket.write(`${POST}transfer-encoding: chunked\r\n\r\n`);
    const [answer] = await once(socket, "data");
    assert.match(answer, /^HTTP\/1\.1 401 /);
    socket.write("ZZ\r\n");
    assert.doesNotMatch(await rest(socket), /HTTP/);
  });
  assert.deepEqual([lines.length, lines[0]?.status], [1, 401]);
});

test("who says nothing, or leaves in the middle of a request, is no line in the log, and hurts nobody", async () => {
  const before = requestLines().length;
  for (const bytes of ["", "GET /api/ev"]) {
    const socket = open();
    await once(socket, "connect");
    if (bytes !== "") socket.write(bytes);
    socket.resetAndDestroy();
    await once(socket, "close");
  }
  assert.equal((await gateway.fetch("/health/live")).status, 200);
  await until(() => requestLines().length > before, { what: "the probe to be logged" });
  assert.equal(requestLines().length, before + 1);
});
