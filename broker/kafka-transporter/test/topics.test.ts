import assert from "node:assert/strict";
import { test } from "node:test";
import { inboxTopic } from "../topics.ts";

test("any node id makes a topic name that Kafka takes, and different ids make different ones", () => {
  const ids = ["web-1", "web.1", "web_1", "web 1", "wéb/1", "web_2e1"];
  const topics = ids.map((id) => inboxTopic("MOL-x", id));
  for (const topic of topics) assert.match(topic, /^[A-Za-z0-9._-]+$/);
  assert.equal(new Set(topics).size, ids.length);
});
