import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { chooseKind } from "#stack/docker/engine.ts";
import { exampleOf } from "../../docs/generate/events.ts";
import { kafka } from "../facts/fixture.ts";

const MARK = "<!-- run by test/tap/console-consumer.test.ts -->\n```sh\n";

test("the console consumer of docs/events.md reads facts", {
  skip: chooseKind("the tests", undefined, process.env) === "docker" && "Kafka runs in Docker, and its jars are there",
}, async () => {
  const producer = kafka.producer();
  await producer.connect();
  const value = JSON.stringify({ ...exampleOf("booking.confirmed"), id: randomUUID() });
  await producer.send({
    topic: "booking.confirmed",
    messages: [{ key: "a key", value, headers: { a: "header" } }],
  });
  await producer.disconnect();
  const [, command = ""] = readFileSync("docs/events.md", "utf8").split(MARK);
  const child = spawn("bash", ["-euo", "pipefail", "-c", command.slice(0, command.indexOf("```"))]);
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "close")]);
  assert.ok(stdout.includes(`a:header\ta key\t${value}\n`), stderr);
});
