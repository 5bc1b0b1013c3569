import assert from "node:assert/strict";
import { test } from "node:test";
import { OutageLog } from "../outage-log.ts";

function outageLog() {
  const lines: string[] = [];
  let now = 0;
  const say =
    (level: string) =>
    (...args: unknown[]) => {
      lines.push(`${level} ${args[0]}`);
    };
  const log = new OutageLog({ debug: () => {}, info: say("info"), warn: say("warn") }, () => now);
  return { log, lines, pass: (ms: number) => (now += ms) };
}

test("trouble is said once and then at most once a minute, with how much was left out", () => {
  const { log, lines, pass } = outageLog();
  for (let second = 0; second <= 125; second++) {
    log.trouble("refused");
    pass(1_000);
  }
  assert.deepEqual(lines, [
    "warn Trouble with Kafka: refused",
    "warn Trouble with Kafka (and 59 more like it since): refused",
    "warn Trouble with Kafka (and 59 more like it since): refused",
  ]);
});

test("the end of trouble is said once, when Kafka answers and nobody has complained for a while", () => {
  const { log, lines, pass } = outageLog();
  log.answered();
  log.trouble("refused");
  pass(10_000);
  log.trouble("refused");
  log.answered();
  pass(5_000);
  log.answered();
  log.answered();
  assert.deepEqual(lines, ["warn Trouble with Kafka: refused", "info Kafka answers again, after 10 s of trouble."]);
});
