import type { Admin, Kafka } from "kafkajs";
import type { Pool } from "pg";
import { KAFKA_TOPICS } from "#contracts/topics.ts";
import { readFacts, type TopicRecord } from "#mixins/fact-reader.ts";
import {
  capturesNow,
  shelved,
  type ToldBooking,
  type ToldCapture,
  toldBookings,
  toldCaptures,
  versionsOf,
} from "./fact.repository.ts";
import type { Finding } from "./finding.ts";
import { untilPublished } from "./hop.ts";
import type { Databases } from "./money.ts";
import { MONEY_TOPICS, MoneyStory } from "./money-story.ts";
import { Story } from "./story.ts";

const TOPICS = [
  KAFKA_TOPICS.BOOKING_CREATED,
  KAFKA_TOPICS.BOOKING_CONFIRMED,
  KAFKA_TOPICS.BOOKING_CANCELLED,
  KAFKA_TOPICS.BOOKING_EXPIRED,
  KAFKA_TOPICS.BOOKING_REFUND_DUE,
  ...MONEY_TOPICS,
];
/** For some millions of facts. */
const READ_WITHIN_MS = 300_000;

export interface FactScan {
  bookings: number;
  facts: number;
  /** Bookings whose first facts the topics no longer keep. */
  tooOld: number;
  violations: Finding[];
  undecided: Finding[];
}

/**
 * I2 and I5: what the topics tell of bookings and of money, beside the bookings and the captures themselves.
 *
 * Rows are read first; then all that was committed until then is waited for on its way to Kafka, and the topics are read to
 * their ends. So whatever a row has and the topics have not was never published. What only the topics have is looked up once
 * more: it was committed before it was published, so a row that is read now must have it.
 */
export async function scanFacts(
  { booking, payment }: Databases,
  kafka: Kafka,
  admin: Admin,
  deadline: number,
): Promise<FactScan> {
  const rows = await all(toldBookings(booking));
  const captures = await all(toldCaptures(payment));
  const published = await Promise.all([booking, payment].map((pool) => untilPublished(pool, deadline)));
  const { stories, money, facts, since } = await readStories(kafka, admin);
  const kept = rows.filter(({ createdAt }) => createdAt >= since);
  const scan: FactScan = {
    bookings: kept.length,
    facts,
    tooOld: rows.length - kept.length,
    violations: [],
    undecided: [],
  };
  const note = (finding: Finding, allPublished: boolean | undefined) =>
    (finding.waitsFor === "facts" && !allPublished ? scan.undecided : scan.violations).push(finding);
  for (const row of kept) {
    const finding = judge(row, stories.get(row.id));
    if (finding) note(finding, published[0]);
  }
  const missing = captures.flatMap((capture) => {
    const finding = money.missing(capture, since);
    return finding ? [{ ...capture, finding }] : [];
  });
  for (const { finding } of await ofShelf(booking, missing, ({ eventId }) => eventId)) note(finding, published[1]);
  scan.violations.push(...(await uncommitted(booking, rows, stories)));
  scan.violations.push(...(await invented({ booking, payment }, captures, money)));
  return scan;
}

async function all<T>(pages: AsyncIterable<T[]>): Promise<T[]> {
  const rows: T[] = [];
  for await (const page of pages) rows.push(...page);
  return rows;
}

/** Those of them whose event is on the shelf. */
async function ofShelf<T>(booking: Pool, some: readonly T[], eventOf: (one: T) => string): Promise<T[]> {
  const events = await shelved(booking, [...new Set(some.map(eventOf))]);
  return some.filter((one) => events.has(eventOf(one)));
}

function judge(row: ToldBooking, story: Story = new Story("")): Finding | undefined {
  const subject = `booking ${row.id}`;
  const mark = String(row.version);
  const missing = story.missingUpTo(row.version);
  if (missing !== undefined) {
    return {
      invariant: "I5",
      subject,
      problem: `has version ${missing} of ${row.version} on no topic`,
      waitsFor: "facts",
      mark,
    };
  }
  if (story.disorder) return { invariant: "I5", subject, problem: story.disorder, waitsFor: "nothing", mark };
  const fault = story.faultUpTo(row);
  return fault === undefined ? undefined : { invariant: "I2", subject, problem: fault, waitsFor: "nothing", mark };
}

/** Facts of bookings, or of versions of bookings, that the database does not have. */
async function uncommitted(
  booking: Pool,
  rows: readonly ToldBooking[],
  stories: ReadonlyMap<string, Story>,
): Promise<Finding[]> {
  const known = new Map(rows.map(({ id, version }) => [id, version]));
  const ahead = [...stories].filter(([id, story]) => story.lastVersion > (known.get(id) ?? 0));
  const ours = await ofShelf(booking, ahead, ([, { eventId }]) => eventId);
  const now = await versionsOf(
    booking,
    ours.map(([id]) => id),
  );
  return ours.flatMap(([id, { lastVersion }]): Finding[] => {
    const version = now.get(id);
    if (version !== undefined && version >= lastVersion) return [];
    const problem =
      version === undefined
        ? "is told by facts, and does not exist"
        : `is told to version ${lastVersion}, and has ${version}`;
    return [{ invariant: "I5", subject: `booking ${id}`, problem, waitsFor: "nothing", mark: "" }];
  });
}

/** Facts of captures that payment does not have, or has not given back. */
async function invented(
  { booking, payment }: Pick<Databases, "booking" | "payment">,
  rows: readonly ToldCapture[],
  money: MoneyStory,
): Promise<Finding[]> {
  const ahead = money.ahead(new Map(rows.map((row) => [row.id, row])));
  const ours = await ofShelf(booking, ahead, (id) => money.eventOf.get(id) as string);
  const now = await capturesNow(payment, ours);
  return ours.flatMap((id) => money.invented(id, now.get(id)) ?? []);
}

interface Told {
  stories: Map<string, Story>;
  money: MoneyStory;
  facts: number;
  /** From when on the topics keep everything. */
  since: Date;
}

async function readStories(kafka: Kafka, admin: Admin): Promise<Told> {
  const cut = await cutPartitions(admin);
  const told: Told = { stories: new Map(), money: new MoneyStory(), facts: 0, since: new Date(0) };
  const hear = ({ fact, record }: TopicRecord) => {
    // The first record that is left of a partition: what came before it is gone.
    if (cut.delete(`${record.topic}/${record.partition}`) && record.timestamp > told.since)
      told.since = record.timestamp;
    if (!fact) return;
    told.facts += 1;
    if (MONEY_TOPICS.includes(record.topic)) return told.money.hear(fact);
    const { bookingId, eventId } = fact.data as { bookingId: string; eventId: string };
    const story = told.stories.get(bookingId) ?? new Story(eventId);
    told.stories.set(bookingId, story);
    story.hear(fact);
  };
  const { complete } = await readFacts(
    kafka,
    { topics: TOPICS, from: "beginning", withinMs: READ_WITHIN_MS },
    (records) => {
      for (const record of records) hear(record);
    },
  );
  if (!complete) throw new Error(`the topics could not be read within ${READ_WITHIN_MS / 1_000} s`);
  return told;
}

/** Partitions from which retention has taken records. */
async function cutPartitions(admin: Admin): Promise<Set<string>> {
  const cut = new Set<string>();
  for (const topic of TOPICS) {
    for (const { partition, low } of await admin.fetchTopicOffsets(topic))
      if (low !== "0") cut.add(`${topic}/${partition}`);
  }
  return cut;
}
