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
