import { rowsOf, type Seen, sessionText } from "./outbox-watch.ts";

/** What Kafka said when it was asked. */
export interface KafkaState {
  /** Why it does not answer. */
  trouble?: string;
  topics: readonly string[];
}

/** A round waits for Kafka two seconds at most. */
const ROUND_SECONDS = 3;
/** Rows leave within some hundredths of a second when all is well. */
const LATE_SECONDS = 5;

/** What stops the relay of a database, and what to do about it; null when nothing does. */
export function hindranceOf(seen: Seen, kafka: KafkaState): string | null {
  if (seen.trouble !== undefined) return seen.trouble;
  const { service, nodes, leading, waiting } = seen;
  if (nodes.length === 0) return `no node of ${service} is connected: npm start, or SERVICES=${service} npm run node`;
  if (kafka.trouble !== undefined) return kafka.trouble;
  const missing = waiting?.topics.find(({ topic }) => !kafka.topics.includes(topic));
  if (missing) return `Kafka has no topic ${missing.topic}: npx eventix up makes it`;
  if (leading && leading.blockedBy.length > 0)
    return `${sessionText(leading)} leads, and waits for ${leading.blockedBy.map(sessionText).join(", ")}`;
  if (leading && (leading.openSeconds ?? 0) > ROUND_SECONDS)
    return `${sessionText(leading)} has led for ${leading.openSeconds?.toFixed(0)} s without an end: look at its log`;
  const isLate = (waiting?.oldestSeconds ?? 0) > LATE_SECONDS;
  if (isLate && waiting && rowsOf(waiting) > 0 && (seen.published ?? 0) === 0)
    return `nothing left while it was looked at: the logs of ${nodes.join(", ")} say why`;
  return null;
}
