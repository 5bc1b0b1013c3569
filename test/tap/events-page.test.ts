import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { KAFKA_TOPICS, type Topic } from "#contracts/topics.ts";
import { readRecord } from "#mixins/fact-record.ts";
import { STORIES } from "../../docs/generate/events.ts";

const page = readFileSync("docs/events.md", "utf8");

for (const topic of Object.values(KAFKA_TOPICS)) {
  test(`docs/events.md shows a ${topic} that consumers would read`, () => {
    const [, example = ""] = new RegExp(`### ${topic}\n[\\s\\S]*?\`\`\`json\n([\\s\\S]*?)\`\`\``).exec(page) ?? [];
    const key = Buffer.from(JSON.parse(example).subject);
    const read = readRecord({ topic, partition: 0, offset: "0", key, value: Buffer.from(example) });
    assert.ok(read.fact, (read as { reason?: string }).reason);
  });
}

test("each fact is said to be applied by those groups that do", () => {
  const groups = globSync("services/*/*.consumer.ts").flatMap((path) => {
    const source = readFileSync(path, "utf8");
    const name = /name: "([\w-]+)"/.exec(source)?.[1];
    const [, topics = ""] = /topics: \[([^\]]+)\]/.exec(source) ?? [];
    const names = [...topics.matchAll(/KAFKA_TOPICS\.(\w+)/g)].map((match) => match[1] as keyof typeof KAFKA_TOPICS);
    return names.map((topic) => ({ topic: KAFKA_TOPICS[topic], group: `eventix.${path.split("/")[1]}.${name}` }));
  });
  assert.ok(groups.length > 5);
  const told = Object.entries(STORIES).flatMap(([topic, { appliedBy }]) =>
    appliedBy.map((group) => ({ topic: topic as Topic, group })),
  );
  const sorted = (all: typeof told) => all.map(({ topic, group }) => `${topic} ${group}`).sort();
  assert.deepEqual(sorted(told), sorted(groups));
});
