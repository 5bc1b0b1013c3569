import type { Admin, Kafka } from "kafkajs";
import type { Pool } from "pg";
import { KAFKA_TOPICS } from "#contracts/topics.ts";
import { readFacts, type TopicRecord } from "#mixins/fact-reader.ts";
import { shelved, type ToldBooking, toldBookings, versionsOf } from "./fact.repository.ts";
import type { Finding } from "./finding.ts";
import { untilPublished } from "./hop.ts";
import { Story } from "./story.ts";

const TOPICS = [
  KAFKA_TOPICS.BOOKING_CREATED,
  KAFKA_TOPICS.BOOKING_CONFIRMED,
  KAFKA_TOPICS.BOOKING_CANCELLED,
  KAFKA_TOPICS.BOOKING_EXPIRED,
  KAFKA_TOPICS.BOOKING_REFUND_DUE,
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
 * I2 and I5: what the topics tell of bookings beside the bookings themselves.
 *
 * Rows are read first; then all that was committed until then is waited for on its way to Kafka, and the topics are read to
 * their ends. So whatever a row has and the topics have not was never published. What only the topics have is looked up once
 * more: it was committed before it was published, so a row that is read now must have it.
 */
export async function scanFacts(booking: Pool, kafka: Kafka, admin: Admin, deadline: number): Promise<FactScan> {
  const rows: ToldBooking[] = [];
  for await (const page of toldBookings(booking)) rows.push(...page);
  const allPublished = await untilPublished(booking, deadline);
  const { stories, facts, since } = await readStories(kafka, admin);
  const kept = rows.filter(({ createdAt }) => createdAt >= since);
  const scan: FactScan = {
    bookings: kept.length,
    facts,
    tooOld: rows.length - kept.length,
    violations: [],
    undecided: [],
  };
  for (const row of kept) {
    const finding = judge(row, stories.get(row.id));
    if (finding) (finding.waitsFor === "facts" && !allPublished ? scan.undecided : scan.violations).push(finding);
  }
  scan.violations.push(...(await uncommitted(booking, rows, stories)));
  return scan;
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
  const events = await shelved(booking, [...new Set(ahead.map(([, { eventId }]) => eventId))]);
  const ours = ahead.filter(([, { eventId }]) => events.has(eventId));
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

interface Told {
  stories: Map<string, Story>;
  facts: number;
  /** From when on the topics keep everything. */
  since: Date;
}

async function readStories(kafka: Kafka, admin: Admin): Promise<Told> {
  const cut = await cutPartitions(admin);
  const told: Told = { stories: new Map(), facts: 0, since: new Date(0) };
  const hear = ({ fact, record }: TopicRecord) => {
    // The first record that is left of a partition: what came before it is gone.
    if (cut.delete(`${record.topic}/${record.partition}`) && record.timestamp > told.since)
      told.since = record.timestamp;
    if (!fact) return;
    told.facts += 1;
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
