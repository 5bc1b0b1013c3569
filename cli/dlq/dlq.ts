import { createKafka } from "#broker/kafka.client.ts";
import { eventixHome } from "#stack/home.ts";
import { kafkaOf } from "#stack/kafka/topics.ts";
import { stackEnvironment } from "#stack/stack.ts";
import { StackError } from "#stack/stack-error.ts";
import type { Answer } from "../inspect/inspection.ts";
import { lookUp, type Servers } from "./known.ts";
import { FACT_TOPICS, type Letters, readLetters } from "./letter.ts";
import { type Judged, letterJson, listText, showText } from "./letter-text.ts";
import { retry } from "./retry.ts";
import { judge } from "./verdict.ts";

/** Kafka of the stack that is up, or of the environment, with the databases as far as their addresses are known. */
export function dlqServers(): Servers {
  const env = stackEnvironment(eventixHome(), process.env, ["kafka"]);
  return { kafka: createKafka({ ...kafkaOf({ ...process.env, ...env }), clientId: "eventix-dlq" }), env };
}

async function judged(servers: Servers, letters: Letters): Promise<{ all: Judged[]; gaps: string[] }> {
  const { known, gaps } = await lookUp(servers, letters);
  return { all: letters.all.map((letter) => ({ letter, verdict: judge(letter, known) })), gaps };
}

interface ListWish {
  topics?: readonly string[] | undefined;
  /** Only letters that are no older. */
  sinceMs?: number | undefined;
  /** The newest of them. */
  limit: number;
}

export async function listLetters(
  servers: Servers,
  { topics = FACT_TOPICS, sinceMs, limit }: ListWish,
): Promise<Answer> {
  const letters = await readLetters(servers.kafka, topics);
  const { all, gaps } = await judged(servers, letters);
  const since = sinceMs === undefined ? 0 : Date.now() - sinceMs;
  const wanted = all.filter(({ letter }) => letter.time.getTime() >= since);
  const shown = limit === 0 ? [] : wanted.slice(-limit);
  const leftOut = wanted.length - shown.length;
  return {
    json: { letters: shown.map(letterJson), leftOut, gaps },
    text: listText(shown, leftOut, gaps, new Date()),
  };
}

export async function showLetter(servers: Servers, topic: string, place: string): Promise<Answer> {
  const { all, gaps } = await judged(servers, await readLetters(servers.kafka, [topic]));
  const one = find(all, topic, place);
  const { headers, value, lay } = one.letter;
  const json = {
    ...letterJson(one),
    ...{ lay: lay ?? null, headers, value: value === null ? null : String(value) },
    ...{ next: one.verdict.says, gaps },
  };
  return { json, text: showText(one, gaps) };
}

export interface RetryWish {
  by: string;
  topics: readonly string[];
  /** These places of the one topic; else all. */
  places?: readonly string[] | undefined;
  /** Only those whose reason holds this. */
  reason?: string | undefined;
  dryRun?: boolean;
  say: (line: string) => void;
}

/**
 * Publishes letters again, those that can be; says of each what it did. Resolves with the number of those that were named and
 * of which nothing will come.
 */
export async function retryLetters(servers: Servers, wish: RetryWish): Promise<number> {
  const { by, topics, places, reason, dryRun, say } = wish;
  const { all, gaps } = await judged(servers, await readLetters(servers.kafka, topics));
  const [topic = ""] = topics;
  const asked = places
    ? [...new Set(places)].map((place) => find(all, topic, place))
    : all.filter(({ letter }) => reason === undefined || letter.reason.includes(reason));
  const able = asked.filter(({ verdict }) => verdict.canRetry).map(({ letter }) => letter);
  const skipped = asked.filter(({ verdict }) => !verdict.canRetry);
  for (const gap of gaps) say(`${gap}.`);
  for (const { letter, verdict } of places ? skipped : skipped.filter(({ verdict }) => !verdict.isDone))
    say(`${letter.topic} ${letter.place} is not retried. ${verdict.says}`);
  const did = dryRun ? "would be retried" : "is retried";
  const tell = (letters: typeof able) => {
    for (const { topic, place, consumer, key } of letters) say(`${topic} ${place} ${did} for ${consumer} (${key})`);
  };
  if (dryRun) tell(able);
  else if (able.length > 0) await retry(servers.kafka, able, by, (done) => tell([...done]));
  const done = skipped.filter(({ verdict }) => verdict.isDone).length;
  say(
    `${able.length} ${dryRun ? "would be retried" : "retried"}, ${done} need nothing, ${skipped.length - done} cannot be.`,
  );
  return places ? skipped.length - done : 0;
}

function find(all: readonly Judged[], topic: string, place: string): Judged {
  const found = all.find(({ letter }) => letter.topic === topic && letter.place === place);
  if (found) return found;
  throw new StackError(
    `There is no dead letter ${place} of ${topic}: npx eventix dlq list ${topic} shows those there are`,
  );
}
