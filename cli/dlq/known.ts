import type { Kafka } from "kafkajs";
import pg from "pg";
import { KAFKA_TOPICS, TOPIC_DEFINITIONS } from "#contracts/topics.ts";
import { readFacts } from "#mixins/fact-reader.ts";
import { retryMarkOf } from "#mixins/retry-mark.ts";
import { StackError } from "#stack/stack-error.ts";
import { readApplied } from "./applied.repository.ts";
import type { Letter, Letters } from "./letter.ts";
import { appliedKey, type Known } from "./verdict.ts";

/** For some millions of facts. */
const READ_WITHIN_MS = 300_000;
const CONNECT_TIMEOUT_MS = 3_000;
const STATEMENT_TIMEOUT_MS = 10_000;
/** The clocks of brokers and of whoever asks may differ. */
const CLOCK_SLACK_MS = 60_000;
const KEPT_MS = Math.min(...TOPIC_DEFINITIONS.map(({ retentionMs }) => retentionMs));

export interface Servers {
  kafka: Kafka;
  /** The environment: DATABASE_URL_* of those that are known. */
  env: Readonly<Record<string, string | undefined>>;
}

/** What topics and databases tell of the letters; `gaps` are sentences about what could not be read. */
export async function lookUp({ kafka, env }: Servers, letters: Letters): Promise<{ known: Known; gaps: string[] }> {
  const gaps: string[] = [];
  const [onTopic, versions, applied] = await Promise.all([
    readRetries(kafka, letters),
    readVersions(kafka, letters.all),
    readAllApplied(env, letters.all, gaps),
  ]);
  return { known: { letters, onTopic, versions, applied, keptSince: new Date(Date.now() - KEPT_MS) }, gaps };
}

/** The letters that are on their topics again. Without a note there is none, and nothing is read. */
async function readRetries(kafka: Kafka, { notes }: Letters): Promise<Set<string>> {
  const found = new Set<string>();
  if (notes.size === 0) return found;
  const topics = new Set([...notes.keys()].map((name) => name.slice(0, name.indexOf(".dlq/"))));
  const first = Math.min(...[...notes.values()].map(({ time }) => time.getTime()));
  const wish = { topics: [...topics], from: new Date(first - CLOCK_SLACK_MS), withinMs: READ_WITHIN_MS };
  const { complete } = await readFacts(kafka, wish, (records) => {
    for (const { record } of records) {
      const mark = retryMarkOf(record.headers);
      if (mark) found.add(mark.of);
    }
  });
  if (!complete) throw unread(topics);
  return found;
}

/** Of the newest that lies on the compacted topic: an older one put behind it would be what is kept. */
async function readVersions(kafka: Kafka, letters: readonly Letter[]): Promise<Map<string, number>> {
  const versions = new Map<string, number>();
  if (!letters.some(({ topic }) => topic === KAFKA_TOPICS.EVENT_PUBLISHED)) return versions;
  const wish = { topics: [KAFKA_TOPICS.EVENT_PUBLISHED], from: "beginning", withinMs: READ_WITHIN_MS } as const;
  const { complete } = await readFacts(kafka, wish, (records) => {
    for (const { record, fact } of records) {
      if (fact?.type !== KAFKA_TOPICS.EVENT_PUBLISHED) continue;
      const key = String(record.key);
      versions.set(key, Math.max(versions.get(key) ?? 0, fact.data.version));
    }
  });
  if (!complete) throw unread(wish.topics);
  return versions;
}

/** What was retried is not known then, and nothing may be done on a guess. */
const unread = (topics: Iterable<string>): StackError =>
  new StackError(
    `${[...topics].join(", ")} was not read to the end in ${READ_WITHIN_MS / 60_000} minutes: run it again, for one topic`,
  );

async function readAllApplied(env: Servers["env"], letters: readonly Letter[], gaps: string[]): Promise<Set<string>> {
  const applied = new Set<string>();
  const readable = letters.filter(({ fact, consumer }) => fact && consumer);
  const byService = Map.groupBy(readable, ({ consumer = "" }) => consumer.split(".")[0] as string);
  const asked = [...byService].map(async ([service, own]) => {
    const setting = `DATABASE_URL_${service.toUpperCase()}`;
    const url = env[setting];
    if (!url) return;
    const client = new pg.Client({
      connectionString: url,
      application_name: "eventix-dlq",
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      options: `-c default_transaction_read_only=on -c statement_timeout=${STATEMENT_TIMEOUT_MS}`,
    });
    client.on("error", () => {});
    try {
      await client.connect();
      for (const [consumer, facts] of Map.groupBy(own, ({ consumer }) => consumer as string)) {
        const ids = facts.flatMap(({ fact }) => (fact ? [fact.id] : []));
        for (const id of await readApplied(client, consumer, ids)) applied.add(appliedKey(consumer, id));
      }
    } catch (error) {
      gaps.push(`${setting} cannot be read (${(error as Error).message}): what ${service} has applied is not known`);
    } finally {
      await client.end().catch(() => {});
    }
  });
  await Promise.all(asked);
  return applied;
}
