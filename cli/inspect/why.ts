import type { Fact } from "#contracts/events.ts";
import type { InspectedPayment } from "#contracts/inspection.ts";
import { KAFKA_TOPICS, type Topic } from "#contracts/topics.ts";
import type { BookingStory } from "./booking-story.ts";
import { clock, money } from "./text.ts";

type At = (iso: string) => string;
type Capture = InspectedPayment["captures"][number];
type Due = BookingStory["facts"][number] & { type: "booking.refund_due" };

/** One sentence: in which state the booking is, since when, and what brought it there. */
export function why(story: BookingStory, now: Date): string {
  const at: At = (iso) => clock(iso, now);
  const told = { PENDING: pending, CONFIRMED: confirmed, CANCELLED: cancelled }[story.booking.status](story, at);
  return `${[...told, ...refunds(story, at)].join("; ")}.`;
}

function pending(story: BookingStory, at: At): string[] {
  const { holdSeconds, expiresAt, hasRunOut } = story.booking;
  const payment = paymentClause(story, at);
  if (!hasRunOut) return [`Pending until ${at(expiresAt)}: ${payment}`];
  return [
    `Pending although its hold of ${holdSeconds} s ran out at ${at(expiresAt)}: no sweep has come to it yet`,
    payment,
  ];
}

function confirmed(story: BookingStory, at: At): string[] {
  const { booking, payment } = story;
  const since = at(endOf(story, [KAFKA_TOPICS.BOOKING_CONFIRMED]));
  const capture = payment?.captures.find(({ id }) => id === booking.captureId);
  const paid = `${money(booking.totalMinor, booking.currency)} were taken${capture ? ` at ${at(capture.createdAt)}` : ""}`;
  const expired = latest(story, [KAFKA_TOPICS.BOOKING_EXPIRED]);
  if (!expired) return [`Confirmed at ${since}: ${paid}`];
  const ranOut = `its hold had run out at ${at(booking.expiresAt)} and was swept at ${at(expired.time)}`;
  return [`Confirmed at ${since}: ${ranOut}, but ${paid} and its seats were still free, so it took them back`];
}

function cancelled(story: BookingStory, at: At): string[] {
  const { booking, payment } = story;
  const since = at(endOf(story, [KAFKA_TOPICS.BOOKING_CANCELLED, KAFKA_TOPICS.BOOKING_EXPIRED]));
  if (booking.reason === "PAYMENT_FAILED") {
    return [`Cancelled at ${since}: ${payment?.status === "FAILED" ? paymentClause(story, at) : "its payment failed"}`];
  }
  const ranOut = `its hold of ${booking.holdSeconds} s ran out at ${at(booking.expiresAt)} before a payment succeeded`;
  const ended =
    booking.reason === "BY_USER" ? `Cancelled at ${since} by its buyer` : `Cancelled at ${since}: ${ranOut}`;
  // What was taken after all is told with what becomes of it.
  return payment?.status === "SUCCEEDED" ? [ended] : [ended, paymentClause(story, at)];
}

/** How far the payment has come. */
function paymentClause(story: BookingStory, at: At): string {
  const { booking, payment, unavailable } = story;
  if (unavailable.payment) return `what became of its payment cannot be told (${unavailable.payment})`;
  if (!payment) return `payment has not heard of it yet (${wayOf(story, KAFKA_TOPICS.BOOKING_CREATED)})`;
  switch (payment.status) {
    case "REQUESTED":
      return chargingClause(payment.attempts.at(-1));
    case "FAILED": {
      const failed = latest(story, [KAFKA_TOPICS.PAYMENT_FAILED])?.time ?? payment.updatedAt;
      const number = payment.attempts.at(-1)?.number;
      const what = `payment attempt ${number} failed with ${payment.reason} at ${at(failed)}`;
      return booking.status === "PENDING" ? `${what}, ${notApplied(story, KAFKA_TOPICS.PAYMENT_FAILED)}` : what;
    }
    case "SUCCEEDED":
      return payment.captures.map((capture) => captureClause(story, capture, at)).join("; ");
    case "VOIDED":
      return "nothing was charged for it";
  }
}

function chargingClause(attempt: InspectedPayment["attempts"][number] | undefined): string {
  if (!attempt || attempt.claims === 0) return `payment attempt ${attempt?.number ?? 1} waits for a worker of payment`;
  const { number, claims, stopWanted, provider } = attempt;
  if (!stopWanted && provider?.checkoutUrl)
    return `payment attempt ${number} waits for its buyer on the provider's page`;
  const doing = stopWanted ? "is being stopped" : "is being charged";
  return `payment attempt ${number} ${doing}, taken up ${times(claims)}, and the provider says ${provider?.state}`;
}

const REFUND_REASONS: Record<string, string> = {
  SEATS_GONE: "when its seats could not be taken back",
  BOOKING_CANCELLED: "after it was cancelled",
  ALREADY_PAID: "although it was paid already",
  AMOUNT_MISMATCH: "(which is not what it costs)",
};

/** Money that an ended booking has no use for. */
function refunds(story: BookingStory, at: At): string[] {
  const { booking, payment } = story;
  if (booking.status === "PENDING") return [];
  const superfluous = payment?.captures.filter(({ id }) => id !== booking.captureId) ?? [];
  return superfluous.map((capture) => captureClause(story, capture, at));
}

/** What becomes of money that did not confirm the booking. */
function captureClause(story: BookingStory, capture: Capture, at: At): string {
  const { id, status, claims, amountMinor, currency, createdAt, updatedAt } = capture;
  const due = story.facts.find(
    (fact): fact is Due => fact.type === KAFKA_TOPICS.BOOKING_REFUND_DUE && fact.data.captureId === id,
  );
  const reason = due ? ` ${REFUND_REASONS[due.data.reason] ?? `(${due.data.reason})`}` : "";
  const taken = `${money(amountMinor, currency)} were taken at ${at(createdAt)}${reason}`;
  if (status === "REFUNDED") return `${taken}, and given back at ${at(updatedAt)}`;
  if (status === "CAPTURED" && !due) return `${taken}, ${notApplied(story, KAFKA_TOPICS.PAYMENT_SUCCESS)}`;
  const tried = claims > 0 ? `, tried ${times(claims)}` : "";
  return `${taken}, and are due to be given back since ${at(due?.time ?? updatedAt)}${tried}`;
}

const notApplied = (story: BookingStory, topic: Topic): string =>
  `which booking has not applied yet (${wayOf(story, topic)})`;

const times = (n: number): string => (n === 1 ? "once" : `${n} times`);

/** Where a fact is that somebody waits for. */
function wayOf({ facts, refused, unavailable }: BookingStory, topic: Topic): string {
  const letter = refused.findLast((one) => one.topic === topic);
  if (letter) return `${topic} is a dead letter of ${letter.consumer}: ${letter.reason}`;
  const fact = facts.findLast(({ type }) => type === topic);
  if (!fact && unavailable.facts) return "its facts could not be read";
  if (!fact) return `no ${topic} was found`;
  return fact.published ? `${topic} is published: lag tells who has not read it` : `${topic} waits in the outbox`;
}

const latest = ({ facts }: BookingStory, types: readonly Topic[]): Fact | undefined =>
  facts.findLast(({ type }) => types.includes(type));

/** When it came into its state: by its fact, or by its row once the topics have forgotten that. */
const endOf = (story: BookingStory, types: readonly Topic[]): string =>
  latest(story, types)?.time ?? story.booking.updatedAt;
