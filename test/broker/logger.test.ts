import assert from "node:assert/strict";
import { test } from "node:test";
import { withCorrelation } from "#broker/correlation.ts";
import { kafkaLogCreator } from "#broker/kafka-transporter/kafka.connection.ts";
import { loggerTo } from "./support/cluster.ts";

function recorder() {
  const lines: Record<string, unknown>[] = [];
  return { lines, logger: loggerTo((text) => lines.push(JSON.parse(text))) };
}

test("data and errors after a text are kept", () => {
  const { lines, logger } = recorder();
  const log = logger as unknown as { warn(...args: unknown[]): void };
  log.warn("Request is timed out.", { timeout: 5 }, new TypeError("slow"));
  const [{ msg, timeout, err }] = lines as [{ msg: string; timeout: number; err: { name: string; message: string } }];
  assert.deepEqual([msg, timeout, err.name, err.message], ["Request is timed out.", 5, "TypeError", "slow"]);
});

test("a line carries the correlation id of its work, and none outside of any", () => {
  const { lines, logger } = recorder();
  withCorrelation("c-1", () => logger.info("inside"));
  logger.info("outside");
  assert.deepEqual(
    lines.map(({ correlationId }) => correlationId),
    ["c-1", undefined],
  );
});

const JWT = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9.c2lnbmF0dXJl";

for (const [said, logged] of [
  ["connect to postgres://eventix:pa55@word/@db:5432/x failed", "connect to postgres://[secret]@db:5432/x failed"],
  [`authorization: Bearer ${JWT}`, "authorization: Bearer [token]"],
  [`cut ${JWT.slice(0, 30)}`, "cut [token]"],
  ["Basic YWxpY2U6c2VjcmV0MTIz", "Basic [secret]"],
  ["GET /x?access_token=abc&limit=5&password=p%40ss", "GET /x?access_token=[secret]&limit=5&password=[secret]"],
  [
    JSON.stringify({ apiKey: "abc", user: { password: "def" } }),
    '{"apiKey":"[secret]","user":{"password":"[secret]"}}',
  ],
  ['invalid input: "alice.l+x@mail.example.org"', 'invalid input: "[email]"'],
  ["booking.created/0@4711 of auth0|5f7c8ec7 by node@host", "booking.created/0@4711 of auth0|5f7c8ec7 by node@host"],
  ["A valid bearer token is needed.", "A valid bearer token is needed."],
] as const) {
  test(`"${said}" is logged as "${logged}"`, () => {
    const { lines, logger } = recorder();
    logger.info({ deep: { said } }, said);
    assert.deepEqual(lines[0], { ...lines[0], deep: { said: logged }, msg: logged });
  });
}

test("of an error its name, code, place and causes are logged, and no value that it carries", () => {
  const { lines, logger } = recorder();
  const cause = Object.assign(new Error("broken constraint"), {
    code: "23505",
    table: "events",
    detail: "Key (name)=(Bob)",
  });
  const command = { name: "auth", args: ["pa55word"] };
  logger.warn({ err: Object.assign(new TypeError("no", { cause }), { command, parameters: ["Bob"] }) }, "it failed");
  const { err } = lines[0] as { err: Record<string, unknown> & { cause: Record<string, unknown> } };
  assert.deepEqual(Object.keys(err), ["name", "message", "stack", "cause"]);
  assert.deepEqual(Object.keys(err.cause), ["name", "message", "code", "table", "stack"]);
});

for (const [level, message, expected] of [
  [1, "Topic with this name already exists", "debug"],
  [1, "The group is rebalancing, so a rejoin is needed", "debug"],
  [1, "Connection error: connect ECONNREFUSED", "warn"],
  [4, "Consumer has joined the group", "debug"],
] as const) {
  test(`kafkajs's "${message}" is logged as ${expected}`, () => {
    const { lines, logger } = recorder();
    const entry = { namespace: "Connection", level, label: "", log: { message, timestamp: "", logger: "kafkajs" } };
    kafkaLogCreator(logger)(level)(entry as never);
    assert.deepEqual(
      lines.map((line) => line.level),
      [expected],
    );
  });
}
