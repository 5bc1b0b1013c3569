import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Pool } from "pg";
import type { NewFact } from "#contracts/events.ts";
import { applyBatch } from "#mixins/apply-batch.ts";
import { FACT_PARTITIONER } from "#mixins/fact-partitioner.ts";
import { readFacts, type TopicRecord } from "#mixins/fact-reader.ts";
import { cancelled, kafka, openDatabase, recordOf } from "../facts/fixture.ts";
import { eventix } from "../support/command.ts";

let pool: Pool;
const producer = kafka.producer({ createPartitioner: FACT_PARTITIONER, allowAutoTopicCreation: false });
before(async () => {
  pool = await openDatabase();
  await pool.query("create table effects (fact_id uuid)");
  await producer.connect();
});
after(async () => {
  await producer.disconnect();
  await pool.end();
});

/** No service of ours, so that nobody looks at what is retried. */
const CONSUMER = "nobody.notes";
let lay = 0;
const TOPIC = "booking.cancelled";

interface Wish {
  value?: string;
  headers?: Record<string, string>;
}

/** Puts a letter among the dead ones; returns its place. */
async function bury(fact: NewFact, { value, headers }: Wish = {}): Promise<string> {
  const message = {
    key: fact.subject,
    value: value ?? JSON.stringify({ time: new Date().toISOString(), ...fact }),
    headers: headers ?? {
      "eventix-reason": `refused for ${fact.subject}`,
      "eventix-consumer": CONSUMER,
      "eventix-partition": "2",
      "eventix-offset": String(++lay),
    },
  };
  const [sent] = await producer.send({ topic: `${TOPIC}.dlq`, messages: [message] });
  return `0:${sent?.baseOffset}`;
}

async function recordsOf(key: string, topic: string = TOPIC): Promise<TopicRecord["record"][]> {
  const found: TopicRecord["record"][] = [];
  await readFacts(kafka, { topics: [topic], from: "beginning", withinMs: 10_000 }, (records) => {
    found.push(...records.map(({ record }) => record).filter((record) => String(record.key) === key));
  });
  return found;
}

const stateOf = async (place: string): Promise<string> =>
  JSON.parse((await eventix(["dlq", "show", TOPIC, place, "--json"])).stdout).state;
const retry = (...args: string[]) => eventix(["dlq", "retry", TOPIC, ...args]);

test("a retry publishes key and value byte for byte, with who did it, for whom and of what", async () => {
  const fact = cancelled();
  const place = await bury(fact, { value: ` ${JSON.stringify({ time: new Date().toISOString(), ...fact })}\n` });
  const { code, stdout } = await retry(place);
  assert.equal(code, 0);
  assert.match(stdout, new RegExp(`^${TOPIC} ${place} is retried for ${CONSUMER} \\(${fact.subject}\\)$`, "m"));
  const [letter, note] = await recordsOf(fact.subject, `${TOPIC}.dlq`);
  const [record, ...more] = await recordsOf(fact.subject);
  assert.deepEqual(more, []);
  assert.deepEqual([record?.key, record?.value], [letter?.key, letter?.value]);
  const { "eventix-retried-by": by, ...headers } = record?.headers ?? {};
  const of = `${TOPIC}.dlq/${place.replace(":", "@")}`;
  assert.deepEqual(headers, { "eventix-retry-of": of, "eventix-retry-for": CONSUMER });
  assert.match(by ?? "", /^cli:\S/);
  assert.equal(note?.headers["eventix-retried"], of);
  assert.equal(await stateOf(place), "retried");
  assert.match((await retry(place)).stdout, /^0 retried, 1 need nothing, 0 cannot be\.$/m);
  assert.equal((await recordsOf(fact.subject)).length, 1);
});

test("a retry that was killed between note and record shows as interrupted, and is done by the next", async () => {
  const fact = cancelled();
  const place = await bury(fact);
  const of = `${TOPIC}.dlq/${place.replace(":", "@")}`;
  const headers = {
    "eventix-retried": of,
    "eventix-retry-of": of,
    "eventix-retry-for": CONSUMER,
    "eventix-retried-by": "cli:somebody",
  };
  await producer.send({ topic: `${TOPIC}.dlq`, messages: [{ key: fact.subject, value: null, headers }] });
  assert.equal(await stateOf(place), "interrupted");
  assert.match((await retry(place)).stdout, /^1 retried,/m);
  assert.equal((await recordsOf(fact.subject)).length, 1);
  assert.equal(await stateOf(place), "retried");
});

test("one record that was refused twice, since the consumer had not noted how far it was, is retried once", async () => {
  const fact = cancelled();
  const first = await bury(fact);
  lay--;
  const second = await bury(fact);
  assert.deepEqual([await stateOf(first), await stateOf(second)], ["waits", "repeat"]);
  const { stdout } = await eventix(["dlq", "retry", "--all", "--reason", fact.subject]);
  assert.match(stdout, /^1 retried, 1 need nothing, 0 cannot be\.$/m);
  assert.equal((await recordsOf(fact.subject)).length, 1);
});

const HOPELESS: Record<string, [wish: Wish, state: string, says: RegExp]> = {
  "is no fact": [{ value: "{" }, "unreadable", /is not retried\. It cannot be retried: .*JSON.*would refuse it again/],
  "a relay cut": [{ headers: { "eventix-reason": "too large" } }, "cut", /is not retried\. .* too large for its topic/],
};
for (const [what, [wish, state, says]] of Object.entries(HOPELESS)) {
  test(`what ${what} is not published again, and it is said why`, async () => {
    const fact = cancelled();
    const headers = { "eventix-reason": "no JSON", "eventix-consumer": CONSUMER, "eventix-offset": String(++lay) };
    const place = await bury(fact, { headers, ...wish });
    const { code, stdout } = await retry(place);
    assert.equal(code, 1);
    assert.match(stdout, says);
    assert.equal(await stateOf(place), state);
    assert.deepEqual(await recordsOf(fact.subject), []);
  });
}

test("a retried fact is looked at by the consumer that had refused it, and by no other, whatever they remember", async () => {
  const facts = [cancelled(), cancelled()];
  const consumer = {
    name: "notes",
    topics: [TOPIC as "booking.cancelled"],
    async apply(tx: { query: Pool["query"] }, facts: { id: string }[]) {
      for (const { id } of facts) await tx.query("insert into effects values ($1)", [id]);
      return { publish: [] };
    },
  };
  const records = facts.map((fact, n) => ({
    ...recordOf(fact),
    retry: { of: `${TOPIC}.dlq/0@1`, consumer: n === 0 ? "test.notes" : "test.others", by: "cli:somebody" },
  }));
  const apply = () => applyBatch({ pool, consumer, name: "test.notes" } as never, records);
  assert.deepEqual(
    (await apply()).applied.map(({ id }) => id),
    [facts[0]?.id],
  );
  assert.deepEqual((await apply()).applied, []);
  assert.deepEqual((await pool.query("select * from effects")).rows, [{ fact_id: facts[0]?.id }]);
});

test("a list can be narrowed to a topic and to the newest", async () => {
  const [, second] = [await bury(cancelled()), await bury(cancelled())];
  const { stdout } = await eventix(["dlq", "list", `${TOPIC}.dlq`, "--limit", "1", "--json"]);
  const { letters, leftOut } = JSON.parse(stdout);
  assert.deepEqual(
    letters.map(({ topic, place }: { topic: string; place: string }) => [topic, place]),
    [[TOPIC, second]],
  );
  assert(leftOut > 0);
  const { stdout: text } = await eventix(["dlq", "list", TOPIC]);
  assert.match(text, /^TOPIC +PLACE +WHEN \(UTC\) +KEY +CONSUMER +STATE +REASON$/m);
  assert.match(text, new RegExp(`^${TOPIC} +${second} .* ${CONSUMER} +waits +refused for `, "m"));
  assert.match(text, /^\d+ wait for somebody: npx eventix dlq show TOPIC PLACE says what to do\.$/m);
});

for (const [args, code, refusal] of [
  [["list", "booking.made"], 64, /The topics are event\.published, /],
  [["show", TOPIC, "17"], 64, /A place looks like 0:17, .* not like "17"/],
  [
    ["show", TOPIC, "0:999999"],
    1,
    /^eventix: There is no dead letter 0:999999 of booking\.cancelled: npx eventix dlq list/,
  ],
  [["retry", TOPIC], 64, /^eventix: Name a topic and the places of its letters, or write --all/],
  [["retry", TOPIC, "0:1", "--all"], 64, /Name a topic and the places/],
  [["retry", TOPIC, "0:1", "--reason", "x"], 64, /Name a topic and the places/],
] as const) {
  test(`dlq ${args.join(" ")} is refused with what to write instead`, async () => {
    const ran = await eventix(["dlq", ...args]);
    assert.deepEqual([ran.code, ran.stdout], [code, ""]);
    assert.match(ran.stderr, refusal);
  });
}

test("a Kafka that is away is said to be", async () => {
  const { code, stderr } = await eventix(["dlq", "list"], { env: { KAFKA_BROKERS: "127.0.0.1:1" } });
  assert.equal(code, 1);
  assert.match(stderr, /^eventix: Kafka does not answer as it should \(.*\): start it, or correct KAFKA_BROKERS\.\n$/);
});
