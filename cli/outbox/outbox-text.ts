import { styleText } from "node:util";
import { table } from "../inspect/text.ts";
import { utcTime } from "../tap/line.ts";
import { type Leader, rowsOf, type Seen } from "./outbox-watch.ts";

export interface Told {
  seen: Seen;
  stoppedBy: string | null;
}

export const outboxJson = ({ seen, stoppedBy }: Told): object => ({
  service: seen.service,
  rows: seen.waiting ? rowsOf(seen.waiting) : null,
  oldestSeconds: seen.waiting?.oldestSeconds ?? null,
  topics: seen.waiting ? Object.fromEntries(seen.waiting.topics.map(({ topic, rows }) => [topic, rows])) : null,
  writtenPerSecond: seen.written ?? null,
  publishedPerSecond: seen.published ?? null,
  nodes: seen.nodes,
  leader: seen.leader ? { ...seen.leader } : null,
  stoppedBy,
});

/** A line a database, then its topics, and what stops a relay. */
export function outboxText(all: readonly Told[], now: Date): string {
  const rows = all.map(({ seen: { service, waiting, written, published, leader } }) => [
    service,
    waiting ? String(rowsOf(waiting)) : "?",
    waiting?.oldestSeconds == null ? "" : `${waiting.oldestSeconds.toFixed(1)} s`,
    written?.toFixed(1) ?? "",
    published?.toFixed(1) ?? "",
    leader ? leaderText(leader, now) : "nobody was seen",
  ]);
  const topics = all.flatMap(({ seen: { service, waiting } }) =>
    (waiting?.topics ?? []).map(({ topic, rows }) => [service, topic, String(rows)]),
  );
  const stopped = all.flatMap(({ seen: { service }, stoppedBy }) =>
    stoppedBy === null ? [] : [`${styleText("red", `${service}: ${stoppedBy}.`)}\n`],
  );
  return [
    table(["OUTBOX", "WAITING", "OLDEST", "WRITTEN/S", "PUBLISHED/S", "LED BY (UTC)"], rows, ""),
    ...(topics.length > 0 ? ["\n", table(["OUTBOX", "TOPIC", "WAITING"], topics, "")] : []),
    ...(stopped.length > 0 ? ["\n", ...stopped] : []),
  ].join("");
}

function leaderText({ node, at, since }: Leader, now: Date): string {
  const unbroken = since < at ? `since ${utcTime(since, now).replace(/\.\d+Z$/, "Z")}, ` : "";
  return `${node} (${unbroken}last ${utcTime(at, now)})`;
}
