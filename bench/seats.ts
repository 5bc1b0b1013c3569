import { createHash } from "node:crypto";
import type { RequestLine } from "./load/job.ts";
import type { BenchEvent } from "./shelf.ts";

/** The id of seat n of an event: drawn like a plan's own, so that neighbours in the hall are not neighbours in the index. */
export function seatId(eventId: string, n: number): string {
  const hex = createHash("md5").update(`${eventId}:${n}`).digest("hex");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

/** Requests for pairs of seats that nobody else asks for, over the events in turn, until `share` of all seats is used. */
export function ownPairs(events: readonly BenchEvent[], buyers: number, share = 0.5): RequestLine[] {
  const pairs = Math.floor(((events[0]?.seats ?? 0) * share) / 2);
  const lines: RequestLine[] = [];
  for (let pair = 0; pair < pairs; pair++) {
    for (const { id } of events) {
      const seatIds = [seatId(id, 2 * pair), seatId(id, 2 * pair + 1)];
      const body = JSON.stringify({ eventId: id, seatIds });
      lines.push({ method: "POST", path: "/api/bookings", body, token: lines.length % buyers });
    }
  }
  return lines;
}
