import assert from "node:assert/strict";
import { test } from "node:test";
import { lostServer } from "./lost.ts";

const ERRORS: [what: string, error: object, server: ReturnType<typeof lostServer>][] = [
  ["a server that is not there", { code: "ECONNREFUSED", message: "connect" }, "postgres"],
  ["a backend that is terminated", { code: "57P01" }, "postgres"],
  ["a connection that ended", { message: "Connection terminated unexpectedly" }, "postgres"],
  ["a broker that is not there", { name: "KafkaJSConnectionError", code: "ECONNREFUSED" }, "kafka"],
  ["a broker that was asked often", { name: "KafkaJSNumberOfRetriesExceeded" }, "kafka"],
  ["a broker of groups that is not there", { name: "KafkaJSGroupCoordinatorNotFound" }, "kafka"],
  [
    "a broker that kafkajs gave up",
    { name: "KafkaJSNonRetriableError", cause: { name: "KafkaJSConnectionError" } },
    "kafka",
  ],
  [
    "a topic that kafkajs gave up",
    { name: "KafkaJSNonRetriableError", cause: { name: "KafkaJSProtocolError" } },
    undefined,
  ],
  ["a deadlock", { code: "40P01" }, undefined],
  ["a statement with a mistake", { code: "42601" }, undefined],
  ["a topic that does not exist", { name: "KafkaJSProtocolError" }, undefined],
  ["a mistake in the fault", new TypeError("undefined is not a function"), undefined],
];

for (const [what, error, server] of ERRORS) {
  test(`${what} is ${server ? `a connection to ${server} that was lost` : "no connection that was lost"}`, () => {
    assert.equal(lostServer(error), server);
  });
}
