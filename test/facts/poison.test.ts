import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, beforeEach, test } from "node:test";
import type { Pool } from "pg";
import type { Fact, NewFact } from "#contracts/events.ts";
import { FactConsumer } from "#mixins/fact-consumer.ts";
import { FACT_PARTITIONER } from "#mixins/fact-partitioner.ts";
import { FactPublisher } from "#mixins/fact-publisher.ts";
import { readFacts } from "#mixins/fact-reader.ts";
import { relayRound } from "#mixins/relay-round.ts";
import type { Tx } from "#mixins/transaction.ts";
import { cancelled, eventually, kafka, openDatabase, recordingLogger } from "./fixture.ts";

let pool: Pool;
const publisher = new FactPublisher(kafka, recordingLogger().logger);
const producer = kafka.producer({ createPartitioner: FACT_PARTITIONER, allowAutoTopicCreation: false });

before(async () => {
  pool = await openDatabase();
  await pool.query("create table effects (n serial, fact_id uuid unique, amount int)");
  await Promise.all([publisher.ready(), producer.connect()]);
});
beforeEach(() => pool.query("truncate effects, outbox, processed_events"));
after(async () => {
  await Promise.all([publisher.disconnect(), producer.disconnect()]);
  await pool.end();
});

const PARTITIONS = 6;
const partitionMetadata = Array.from({ length: PARTITIONS }, (_, partitionId) => ({ partitionId, leader: 0 }));
const partitionOf = (key: string): number =>
  FACT_PARTITIONER()({ topic: "booking.cancelled", partitionMetadata, message: { key, value: null } } as never);

/** A hundred bookings whose facts lie on one partition, and so come to the consumer together. */
function hundred(): NewFact[] {
  const facts: NewFact[] = [];
  while (facts.length < 100) {
    const id = randomUUID();
    if (partitionOf(id) === 3) facts.push(cancelled(id));
  }
  return facts;
}

const written = (fact: NewFact) => JSON.stringify({ time: new Date().toISOString(), ...fact });
const put = (facts: NewFact[], spoil: (fact: NewFact) => string) =>
  producer.send({
    topic: "booking.cancelled",
    messages: facts.map((fact) => ({ key: fact.subject, value: spoil(fact) })),
  });

interface Poison {
  /** The record's value; that of a fact unless it is spoilt. */
  value?: (fact: NewFact) => string;
  /** What the consumer does with the fact; a text is the rule that it breaks. */
  apply?: (tx: Tx, fact: Fact) => Promise<string | undefined>;
  reason: RegExp;
}

const query = (tx: Tx, text: string, ...values: unknown[]) => tx.query(text, values).then(() => undefined);

const POISONS: Record<string, Poison> = {
  "is no JSON": { value: () => "{", reason: /not JSON/ },
  "is not what its topic holds": { value: (fact) => written({ ...fact, data: {} } as NewFact), reason: /data/ },
  "breaks a rule": { apply: async () => "there is no such booking", reason: /^there is no such booking$/ },
  "is out of range in SQL (22003)": {
    apply: (tx, { id }) => query(tx, "insert into effects (fact_id, amount) values ($1, 3000000000::bigint)", id),
    reason: /^the database refused it: integer out of range/,
  },
  "breaks a constraint in SQL (23505)": {
    apply: (tx, { id }) => query(tx, "insert into effects (fact_id) values ($1), ($1)", id),
    reason: /^the database refused it: duplicate key value violates unique constraint/,
  },
};

/** Notes the facts of this test; the topic holds those of others too. */
function noting(facts: readonly NewFact[], bad: NewFact, { apply }: Poison) {
  const ours = new Set(facts.map(({ id }) => id));
  const name = `test-${randomUUID()}.notes`;
  const consumer = {
    name: "notes",
    topics: ["booking.cancelled" as const],
    async apply(tx: Tx, round: Fact[]) {
      const rejected = [];
      for (const fact of round.filter(({ id }) => ours.has(id))) {
        const reason = fact.id === bad.id ? await apply?.(tx, fact) : undefined;
        if (reason !== undefined) rejected.push({ fact, reason });
        else await tx.query("insert into effects (fact_id) values ($1)", [fact.id]);
      }
      return { publish: [], rejected };
    },
  };
  return { name, running: new FactConsumer(kafka, { pool, consumer, name }, recordingLogger().logger, () => {}) };
}

async function lettersOf(name: string): Promise<{ key: string; reason: string | undefined }[]> {
  const letters: { key: string; reason: string | undefined }[] = [];
  const wish = { topics: ["booking.cancelled.dlq"], from: "beginning", withinMs: 10_000 } as const;
  await readFacts(kafka, wish, (records) => {
    for (const { record } of records) {
      const { "eventix-consumer": consumer, "eventix-reason": reason } = record.headers;
      if (consumer === name) letters.push({ key: String(record.key), reason });
    }
  });
  return letters;
}

for (const [name, poison] of Object.entries(POISONS)) {
  test(`of a hundred facts one ${name}: 99 are applied, and it becomes one dead letter`, async () => {
    const facts = hundred();
    const bad = facts[41] as NewFact;
    await put(facts, (fact) => (fact === bad ? (poison.value ?? written)(fact) : written(fact)));
    const consumer = noting(facts, bad, poison);
    consumer.running.start();
    const good = facts.filter((fact) => fact !== bad).map(({ id }) => id);
    const noted = async () => (await pool.query("select fact_id from effects order by n")).rows.map((r) => r.fact_id);
    await eventually(async () => (await noted()).length >= good.length);
    await consumer.running.stop();
    assert.deepEqual(await noted(), good, "each once, in their order");
    while ((await relayRound(pool, (rows) => publisher.publish(rows))).published > 0);
    const letters = (await lettersOf(consumer.name)).filter(({ key }) => facts.some(({ subject }) => subject === key));
    assert.deepEqual(
      letters.map(({ key }) => key),
      [bad.subject],
    );
    assert.match(letters[0]?.reason ?? "", poison.reason);
  });
}
