import { subjectOf } from "#mixins/fact-record.ts";
import type { Tapped } from "./tapped.ts";

/** What a record must match: each list that is not empty, by one of its entries. */
export interface Wanted {
  event: readonly string[];
  booking: readonly string[];
  user: readonly string[];
  correlation: readonly string[];
}

/** Whether a record is wanted. What cannot be read is judged by its key, which is a booking's or an event's id. */
export function isWanted({ fact, key }: Tapped, { event, booking, user, correlation }: Wanted): boolean {
  const about = fact ? subjectOf(fact) : key;
  const data = (fact?.data ?? {}) as { bookingId?: string; eventId?: string; userId?: string };
  const matches = (wanted: readonly string[], ...had: (string | undefined)[]) =>
    wanted.length === 0 || wanted.some((id) => had.includes(id));
  return (
    matches(event, data.eventId, about) &&
    matches(booking, data.bookingId, about) &&
    matches(user, data.userId) &&
    matches(correlation, fact?.correlationid)
  );
}
