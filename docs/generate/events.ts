import { FACT_DATA, FACT_ENVELOPE } from "#contracts/events.ts";
import { currency, instant, type Rule, uuid } from "#contracts/schema.ts";
import { KAFKA_TOPICS, TOPIC_DEFINITIONS, type Topic } from "#contracts/topics.ts";
import { table } from "./section.ts";

interface Story {
  by: "booking" | "catalog" | "payment";
  when: string;
  key: "bookingId" | "eventId";
  /** Groups of ours that apply it; a test holds them against the services. */
  appliedBy: readonly string[];
  /** Whether a fact is what caused it. */
  followsFact: boolean;
}

/** What the contracts do not say of each fact. */
export const STORIES: Record<Topic, Story> = {
  [KAFKA_TOPICS.EVENT_PUBLISHED]: {
    by: "catalog",
    when: "An event is put on sale. It carries the terms of the sale, no seats: those are asked of catalog.",
    key: "eventId",
    appliedBy: ["eventix.booking.event-published"],
    followsFact: false,
  },
  [KAFKA_TOPICS.BOOKING_CREATED]: {
    by: "booking",
    when: "Seats are held for a buyer.",
    key: "bookingId",
    appliedBy: ["eventix.payment.booking-created"],
    followsFact: false,
  },
  [KAFKA_TOPICS.BOOKING_CONFIRMED]: {
    by: "booking",
    when: "A booking is paid and its seats are booked; also one that had expired, when its seats were still free.",
    key: "bookingId",
    appliedBy: [],
    followsFact: true,
  },
  [KAFKA_TOPICS.BOOKING_CANCELLED]: {
    by: "booking",
    when: "The buyer has cancelled before paying, or the payment has failed; its seats are free again.",
    key: "bookingId",
    appliedBy: ["eventix.payment.booking-ended"],
    followsFact: false,
  },
  [KAFKA_TOPICS.BOOKING_EXPIRED]: {
    by: "booking",
    when: "A hold has run out unpaid; its seats are free again. `booking.confirmed` may still follow, see there.",
    key: "bookingId",
    appliedBy: ["eventix.payment.booking-ended"],
    followsFact: false,
  },
  [KAFKA_TOPICS.BOOKING_REFUND_DUE]: {
    by: "booking",
    when: "Money was taken that confirms nothing, and is to be given back. The booking stays as it is.",
    key: "bookingId",
    appliedBy: ["eventix.payment.refund-due"],
    followsFact: true,
  },
  [KAFKA_TOPICS.PAYMENT_SUCCESS]: {
    by: "payment",
    when: "The provider has taken money, whatever has become of the booking meanwhile; once for each time it did.",
    key: "bookingId",
    appliedBy: ["eventix.booking.payment-result"],
    followsFact: true,
  },
  [KAFKA_TOPICS.PAYMENT_FAILED]: {
    by: "payment",
    when: "No money was taken for a booking, and nothing more will be tried.",
    key: "bookingId",
    appliedBy: ["eventix.booking.payment-result"],
    followsFact: true,
  },
  [KAFKA_TOPICS.PAYMENT_REFUNDED]: {
    by: "payment",
    when: "The provider has given money back.",
    key: "bookingId",
    appliedBy: [],
    followsFact: true,
  },
  [KAFKA_TOPICS.SEAT_CHANGED]: {
    by: "booking",
    when: "Seats of an event were held, booked or freed. It tells nobody's name.",
    key: "eventId",
    appliedBy: [],
    followsFact: false,
  },
};

const TOPICS = Object.values(KAFKA_TOPICS);
const DAY_MS = 24 * 60 * 60 * 1000;

/** Every topic with what is on it, for docs/events.md. */
export function topicsTable(): string {
  const rows = TOPICS.map((topic) => {
    const { by, key, appliedBy } = STORIES[topic];
    const definition = TOPIC_DEFINITIONS.find(({ name }) => name === topic);
    const kept =
      definition?.cleanup === "compact" ? "the newest of each key" : `${(definition?.retentionMs ?? 0) / DAY_MS} days`;
    const groups = appliedBy.map((group) => `\`${group}\``).join(", ");
    return [
      `[\`${topic}\`](#${topic.replaceAll(".", "")})`,
      by,
      `\`${key}\``,
      String(definition?.partitions),
      kept,
      groups,
    ];
  });
  return table(["topic", "published by", "key", "partitions", "kept", "applied by"], rows);
}

/** What is around `data`. */
export const envelopeTable = (): string =>
  fieldTable({
    ...FACT_ENVELOPE,
    type: { type: "string", description: "The topic." },
    data: { type: "object", description: "What happened, see below." },
  });

/** Each fact: when it is published, what its data holds, and one as it lies on its topic. */
export function factSections(): string {
  return TOPICS.map((topic) => {
    const { by, when } = STORIES[topic];
    const example = JSON.stringify(exampleOf(topic), null, 2);
    return `### ${topic}\n\n${when} Published by ${by}.\n\n${fieldTable(FACT_DATA[topic])}\n\n\`\`\`json\n${example}\n\`\`\``;
  }).join("\n\n");
}

/** A whole fact from the examples of its contract. */
export function exampleOf(topic: Topic): object {
  const { by, key, followsFact } = STORIES[topic];
  const { id, time, correlationid, causationid } = FACT_ENVELOPE;
  const isAboutSeats = topic === KAFKA_TOPICS.SEAT_CHANGED;
  return {
    time: time.example,
    id: id.example,
    source: `eventix/${by}`,
    type: topic,
    subject: FACT_DATA[KAFKA_TOPICS.BOOKING_CREATED][key].example,
    specversion: "1.0",
    ...(!isAboutSeats && { correlationid: correlationid.example }),
    ...(followsFact && { causationid: causationid.example }),
    data: exampleOfProps(FACT_DATA[topic]),
  };
}

/** A rule of fastest-validator, as far as it says what a value looks like. */
interface FullRule extends Rule {
  pattern?: RegExp;
  values?: readonly string[];
  items?: FullRule;
  props?: Props;
  value?: unknown;
}
type Props = { readonly [field: string]: FullRule };

const exampleOfProps = (props: Props): object =>
  Object.fromEntries(Object.entries(props).map(([field, rule]) => [field, exampleOfRule(rule)]));

function exampleOfRule(rule: FullRule): unknown {
  if (rule.example !== undefined) return rule.example;
  if (rule.items) return [exampleOfRule(rule.items)];
  return exampleOfProps(rule.props ?? {});
}

const fieldTable = (props: object): string => table(["field", "type", "what it is"], rowsOf(props as Props, ""));

const rowsOf = (props: Props, within: string): string[][] =>
  Object.entries(props).flatMap(([field, rule]) => [
    [`\`${within}${field}\``, typeOf(rule), rule.description ?? ""],
    ...rowsOf(rule.items?.props ?? {}, `${within}${field}[].`),
  ]);

const PATTERNS = new Map<RegExp | undefined, string>([
  [uuid.pattern, "uuid"],
  [instant.pattern, "RFC 3339"],
  [currency.pattern, "three letters"],
]);
const TYPES: Record<string, string> = { number: "integer", string: "text", equal: "text", record: "map to integers" };

function typeOf(rule: FullRule): string {
  const type = rule.values
    ? rule.values.map((value) => `\`${value}\``).join(", ")
    : (PATTERNS.get(rule.pattern) ?? TYPES[rule.type] ?? (rule.items?.props ? "list of objects" : rule.type));
  return `${type}${rule.nullable ? " or null" : ""}${rule.optional ? ", optional" : ""}`;
}
