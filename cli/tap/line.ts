import { styleText } from "node:util";
import type { Fact, FactData } from "#contracts/events.ts";
import { KAFKA_TOPICS } from "#contracts/topics.ts";
import { instant, money } from "../inspect/text.ts";
import type { Tapped } from "./tapped.ts";

type Colour = Parameters<typeof styleText>[0];

const TYPE_WIDTH = Math.max(...Object.values(KAFKA_TOPICS).map((topic) => topic.length));
const UUID_LENGTH = 36;
const GAP = "  ";

const COLOURS: Record<string, Colour> = {
  "booking.confirmed": "green",
  "payment.success": "green",
  "booking.cancelled": "yellow",
  "booking.expired": "yellow",
  "payment.failed": "yellow",
  "booking.refund_due": "magenta",
  "payment.refunded": "magenta",
  "seat.changed": "dim",
};

/** One line for people: when, what kind, what about, what happened, and the id that its whole saga carries. */
export function lineOf({ topic, key, time, fact, trouble }: Tapped, now: Date): string {
  const what = [fact && phrase(fact), trouble].filter(Boolean).join("; ");
  const parts = [
    utcTime(time, now),
    topic.padEnd(TYPE_WIDTH),
    (fact?.subject ?? key).padEnd(UUID_LENGTH),
    what,
    fact?.correlationid ?? "",
  ];
  // What others have written (names, reasons) may hold characters that move a terminal's cursor.
  const line = parts
    .join(GAP)
    .trimEnd()
    .replace(/\p{Cc}/gu, "?");
  const colour = trouble === undefined ? COLOURS[topic] : "red";
  return colour === undefined ? line : styleText(colour, line);
}

/** The time of day in UTC, as all that Eventix says, with the date if that is not today's. */
export function utcTime(time: Date, now: Date): string {
  const shown = instant(time.toISOString());
  const today = now.toISOString().slice(0, 10);
  return shown.startsWith(today) ? shown.slice(today.length + 1) : shown;
}

/** What a fact says, in a few words. */
function phrase(fact: Fact): string {
  switch (fact.type) {
    case KAFKA_TOPICS.EVENT_PUBLISHED:
      return `${fact.data.name}: ${count(fact.data.seatCount, "seat")}, ${priceRange(fact.data)}`;
    case KAFKA_TOPICS.BOOKING_CREATED: {
      const { seats, totalMinor, currency, holdSeconds } = fact.data;
      return `${count(seats.length, "seat")}, ${money(totalMinor, currency)}, held for ${holdSeconds} s`;
    }
    case KAFKA_TOPICS.BOOKING_CONFIRMED:
      return `ticket ${fact.data.ticketReference}`;
    case KAFKA_TOPICS.BOOKING_CANCELLED:
    case KAFKA_TOPICS.BOOKING_EXPIRED:
    case KAFKA_TOPICS.PAYMENT_FAILED:
      return fact.data.reason;
    case KAFKA_TOPICS.BOOKING_REFUND_DUE:
      return `${money(fact.data.amountMinor, fact.data.currency)}, ${fact.data.reason}`;
    case KAFKA_TOPICS.PAYMENT_SUCCESS:
    case KAFKA_TOPICS.PAYMENT_REFUNDED:
      return money(fact.data.amountMinor, fact.data.currency);
    case KAFKA_TOPICS.SEAT_CHANGED:
      return seatsByStatus(fact.data);
  }
}

function priceRange({ prices, currency }: FactData<"event.published">): string {
  const amounts = Object.values(prices).toSorted((a, b) => a - b);
  const [least, most] = [amounts[0] ?? 0, amounts.at(-1) ?? 0];
  return least === most ? money(least, currency) : `${money(least, currency)} to ${money(most, currency)}`;
}

function seatsByStatus({ changes }: FactData<"seat.changed">): string {
  const byStatus = Map.groupBy(changes, ({ status }) => status);
  const counts = [...byStatus].map(([status, seats]) => `${seats.length} ${status}`);
  return `${count(changes.length, "seat")}: ${counts.join(", ")}`;
}

const count = (n: number, what: string) => `${n} ${what}${n === 1 ? "" : "s"}`;
