import assert from "node:assert/strict";
import { test } from "node:test";
import kafkajs from "kafkajs";
import { EventixError } from "#contracts/errors.ts";
import { backOffMs, isDataError, retryWaitMs } from "#mixins/retryable.ts";
import { RolledBackError } from "#mixins/transaction.ts";

const coded = (code: string, message = "") => Object.assign(new Error(message), { code });

/** As kafkajs makes it; its types leave the cause out. */
const givenUp = (cause: Error) => Object.assign(new kafkajs.KafkaJSNonRetriableError(cause), { cause });

const PASSES: [string, unknown][] = [
  ["a serialization failure", coded("40001")],
  ["a deadlock", coded("40P01")],
  ["a lock that was not free in time", coded("55P03")],
  ["a statement that took too long", coded("57014")],
  ["a server that shuts down", coded("57P01")],
  ["a server that has no connection left", coded("53300")],
  ["a standby", coded("25006")],
  ["a refused connection", coded("ECONNREFUSED")],
  ["a lost connection of pg", new Error("Connection terminated unexpectedly")],
  ["a pool without a free connection", new Error("timeout exceeded when trying to connect")],
  ["a commit that was rolled back", new RolledBackError()],
  ["a Kafka that is away", new kafkajs.KafkaJSConnectionError("closed")],
  ["a Kafka that kafkajs gave up", givenUp(new kafkajs.KafkaJSConnectionError("closed"))],
  ["a Redis that loads", new Error("LOADING Redis is loading the dataset in memory")],
  ["an error of ours that says so", new EventixError("SERVICE_UNAVAILABLE")],
];
for (const [name, error] of PASSES) {
  test(`${name} may pass`, () => assert.equal(typeof retryWaitMs(error), "number"));
}

const STAYS: [string, unknown][] = [
  ["a fault in our code", new TypeError("undefined is not a function")],
  ["a missing table", coded("42P01")],
  ["a broken constraint", coded("23505")],
  ["an error of ours that is final", new EventixError("BOOKING_NOT_FOUND")],
  ["what kafkajs gave up for another reason", givenUp(new TypeError("undefined is not a function"))],
  ["nothing at all", undefined],
];
for (const [name, error] of STAYS) {
  test(`${name} does not pass by itself`, () => assert.equal(retryWaitMs(error), undefined));
}

test("errors in the data are those of SQLSTATE classes 22 and 23", () => {
  assert.deepEqual(
    ["22012", "23505", "42P01", "08006"].map((code) => isDataError(coded(code))),
    [true, true, false, false],
  );
});

test("waits double from try to try, up to five seconds", () => {
  for (const [n, longest] of [
    [0, 100],
    [3, 800],
    [30, 5_000],
  ] as const) {
    const wait = backOffMs(100, n);
    assert.ok(wait <= longest && wait >= longest * 0.75, `${wait} at ${n}`);
  }
});
