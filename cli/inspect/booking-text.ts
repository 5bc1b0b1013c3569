import { styleText } from "node:util";
import type { InspectedPayment } from "#contracts/inspection.ts";
import type { BookingStory } from "./booking-story.ts";
import { fields, instant, money, table } from "./text.ts";
import { why } from "./why.ts";

const COLOURS = { PENDING: "yellow", CONFIRMED: "green", CANCELLED: "red" } as const;

/** A booking for a person at a terminal of 100 columns: what it is, its seats, facts and money, and why. */
export function bookingText(story: BookingStory, now: Date): string {
  const { booking, unavailable } = story;
  const missing = Object.values(unavailable).map((reason) => `${styleText("yellow", `${reason}.`)}\n`);
  return [
    `Booking ${booking.id}  ${styleText(COLOURS[booking.status], statusOf(booking))}\n`,
    fields({
      event: booking.eventId,
      user: booking.userId,
      total: money(booking.totalMinor, booking.currency),
      created: instant(booking.createdAt),
      "hold ends": `${instant(booking.expiresAt)} (${booking.holdSeconds} s)`,
      ticket: booking.ticketReference,
      correlation: booking.correlationId,
    }),
    "\n",
    seatTable(story),
    "\n",
    factTable(story),
    "\n",
    unavailable.payment ? "" : `${paymentText(story.payment)}\n`,
    ...missing,
    `${why(story, now)}\n`,
  ].join("");
}

export const statusOf = ({ status, reason }: { status: string; reason: string | null }): string =>
  reason === null ? status : `${status} (${reason})`;

function seatTable({ booking, places }: BookingStory): string {
  const placeOfSeat = new Map(places.map((place, n) => [place.seatId, { n, name: placeOf(place) }]));
  const inOrder = booking.seats.toSorted(
    (a, b) => (placeOfSeat.get(a.seatId)?.n ?? 0) - (placeOfSeat.get(b.seatId)?.n ?? 0),
  );
  const rows = inOrder.map(({ seatId, priceMinor, releasedAt, takenBy }) => [
    placeOfSeat.get(seatId)?.name ?? "",
    seatId,
    money(priceMinor, booking.currency),
    releasedAt === null ? "its own" : takenBy ? "resold" : "given back",
  ]);
  return table(["SEAT", "ID", "PRICE", "NOW"], rows, "It has no seats.");
}

export const placeOf = ({ zone, row, number }: { zone: string; row: string; number: string }): string =>
  `${zone}/${row}/${number}`;

function factTable({ facts, refused, unavailable }: BookingStory): string {
  const rows = facts.map(({ time, type, data, correlationid, published }) => [
    `${brief(time)}${time.slice(19, 23)}`,
    type,
    "bookingVersion" in data ? String(data.bookingVersion) : "",
    (correlationid ?? "").slice(0, 36),
    published ? ("reason" in data ? data.reason : "") : "not published yet",
  ]);
  const none = unavailable.facts ? "Its facts were not read." : "No facts of it are on the topics, which keep a week.";
  const letters = refused.map(({ topic, consumer, reason }) => `Dead letter of ${consumer}: ${topic}, ${reason}\n`);
  return [table(["UTC", "FACT", "V", "CORRELATION", ""], rows, none), ...letters].join("");
}

function paymentText(payment: InspectedPayment | null): string {
  if (!payment) return "Payment has not heard of it yet.\n";
  const { id, status, reason, amountMinor, currency, attempts, captures } = payment;
  const amount = amountMinor === null || currency === null ? "" : `  ${money(amountMinor, currency)}`;
  const tried = attempts.map(({ number, state, claims, stopWanted, provider }) => [
    String(number),
    stopWanted && state === "CHARGING" ? "STOPPING" : state,
    String(claims),
    provider ? [provider.state, provider.reason].filter(Boolean).join(" ") : "was not asked",
    provider?.providerRef ?? "",
  ]);
  const taken = captures.map((capture) => [
    capture.id,
    money(capture.amountMinor, capture.currency),
    brief(capture.createdAt),
    capture.status,
    capture.status === "CAPTURED" ? "" : brief(capture.updatedAt),
  ]);
  return [
    `Payment ${id}  ${statusOf({ status, reason })}${amount}\n`,
    table(["ATTEMPT", "STATE", "TAKEN UP", "THE PROVIDER SAYS", "ITS REFERENCE"], tried, "Nothing was attempted."),
    ...(taken.length > 0 ? ["\n", table(["CAPTURE", "AMOUNT", "TAKEN (UTC)", "STATE", "SINCE"], taken, "")] : []),
  ].join("");
}

/** In a table the year goes without saying. */
const brief = (iso: string) => instant(iso).slice(5, 19);
