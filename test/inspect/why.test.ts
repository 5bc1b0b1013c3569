import assert from "node:assert/strict";
import { test } from "node:test";
import type { Fact } from "#contracts/events.ts";
import type { InspectedBooking, InspectedPayment } from "#contracts/inspection.ts";
import type { BookingStory } from "../../cli/inspect/booking-story.ts";
import { why } from "../../cli/inspect/why.ts";

const NOW = new Date("2026-11-23T10:20:00.000Z");
const at = (time: string) => `2026-11-23T${time}.000Z`;

const BOOKING: InspectedBooking = {
  id: "b",
  eventId: "e",
  organizerId: "o",
  userId: "alice",
  status: "PENDING",
  reason: null,
  version: 1,
  totalMinor: 5_900,
  currency: "EUR",
  holdSeconds: 600,
  expiresAt: at("10:10:00"),
  hasRunOut: false,
  ticketReference: null,
  captureId: null,
  correlationId: "c",
  createdAt: at("10:00:00"),
  updatedAt: at("10:03:00"),
  seats: [{ seatId: "s", priceMinor: 5_900, releasedAt: null, takenBy: null }],
};

type Attempt = InspectedPayment["attempts"][number];
const ATTEMPT: Attempt = { number: 1, state: "REQUESTED", claims: 0, stopWanted: false, provider: null };
const CHARGING: Attempt = { ...ATTEMPT, state: "CHARGING", claims: 2, provider: { state: "PENDING" } };

const PAYMENT: InspectedPayment = {
  id: "p",
  bookingId: "b",
  status: "REQUESTED",
  reason: null,
  amountMinor: 5_900,
  currency: "EUR",
  startBy: at("10:09:30"),
  createdAt: at("10:00:01"),
  updatedAt: at("10:02:00"),
  attempts: [ATTEMPT],
  captures: [],
  waiting: [],
};

type Capture = InspectedPayment["captures"][number];
const CAPTURE: Capture = {
  id: "k",
  provider: "mock",
  providerRef: "r",
  amountMinor: 5_900,
  currency: "EUR",
  status: "CAPTURED",
  claims: 0,
  createdAt: at("10:02:00"),
  updatedAt: at("10:02:00"),
};
const LATE: Capture = { ...CAPTURE, createdAt: at("10:10:04") };

const FAILED: Partial<InspectedPayment> = {
  status: "FAILED",
  reason: "CARD_DECLINED",
  attempts: [{ ...ATTEMPT, state: "DECLINED", claims: 1 }],
};
const paidWith = (...captures: Capture[]) => ({ status: "SUCCEEDED", captures }) as const;

const fact = (type: Fact["type"], time: string, data: object = {}, published = true) =>
  ({ type, time: at(time), data, published }) as BookingStory["facts"][number];
const refundDue = (reason: string) => fact("booking.refund_due", "10:10:05", { captureId: "k", reason });

const expired = { status: "CANCELLED", reason: "EXPIRED", hasRunOut: true } as const;
const swept = fact("booking.expired", "10:10:01");

interface Case {
  booking?: Partial<InspectedBooking>;
  payment?: Partial<InspectedPayment> | null;
  facts?: BookingStory["facts"];
  refused?: BookingStory["refused"];
  unavailable?: BookingStory["unavailable"];
  says: string;
}

const CASES: Record<string, Case> = {
  "pending, payment has not read of it": {
    payment: null,
    facts: [fact("booking.created", "10:00:00")],
    says: "Pending until 10:10:00Z: payment has not heard of it yet (booking.created is published: lag tells who has not read it).",
  },
  "pending, its first fact is not published": {
    payment: null,
    facts: [fact("booking.created", "10:00:00", {}, false)],
    says: "Pending until 10:10:00Z: payment has not heard of it yet (booking.created waits in the outbox).",
  },
  "pending, nobody charges yet": {
    says: "Pending until 10:10:00Z: payment attempt 1 waits for a worker of payment.",
  },
  "pending, being charged": {
    payment: { attempts: [CHARGING] },
    says: "Pending until 10:10:00Z: payment attempt 1 is being charged, taken up 2 times, and the provider says PENDING.",
  },
  "pending, waiting for its buyer": {
    payment: { attempts: [{ ...CHARGING, provider: { state: "PENDING", checkoutUrl: "https://pay.example/ch_1" } }] },
    says: "Pending until 10:10:00Z: payment attempt 1 waits for its buyer on the provider's page.",
  },
  "pending, declined, and booking has not read it": {
    payment: FAILED,
    facts: [fact("payment.failed", "10:02:00", {}, false)],
    says: "Pending until 10:10:00Z: payment attempt 1 failed with CARD_DECLINED at 10:02:00Z, which booking has not applied yet (payment.failed waits in the outbox).",
  },
  "pending, paid, and booking has not read it": {
    payment: paidWith(CAPTURE),
    facts: [fact("payment.success", "10:02:00")],
    says: "Pending until 10:10:00Z: 59.00 EUR were taken at 10:02:00Z, which booking has not applied yet (payment.success is published: lag tells who has not read it).",
  },
  "pending, and what paid it is a dead letter": {
    payment: paidWith(CAPTURE),
    facts: [fact("payment.success", "10:02:00")],
    refused: [
      { topic: "payment.success", consumer: "booking.payment-result", reason: "no such booking", time: at("10:02:01") },
    ],
    says: "Pending until 10:10:00Z: 59.00 EUR were taken at 10:02:00Z, which booking has not applied yet (payment.success is a dead letter of booking.payment-result: no such booking).",
  },
  "run out and not swept": {
    booking: { hasRunOut: true },
    payment: { attempts: [CHARGING] },
    says: "Pending although its hold of 600 s ran out at 10:10:00Z: no sweep has come to it yet; payment attempt 1 is being charged, taken up 2 times, and the provider says PENDING.",
  },
  "payment is not there": {
    payment: null,
    unavailable: { payment: "No node offers payment: start one with npm start" },
    says: "Pending until 10:10:00Z: what became of its payment cannot be told (No node offers payment: start one with npm start).",
  },
  confirmed: {
    booking: { status: "CONFIRMED", captureId: "k" },
    payment: paidWith(CAPTURE),
    facts: [fact("booking.confirmed", "10:02:01")],
    says: "Confirmed at 10:02:01Z: 59.00 EUR were taken at 10:02:00Z.",
  },
  "confirmed longer ago than topics keep": {
    booking: { status: "CONFIRMED", captureId: "k", updatedAt: "2026-10-01T09:00:00.000Z" },
    payment: paidWith({ ...CAPTURE, createdAt: "2026-10-01T08:59:59.000Z" }),
    says: "Confirmed at 2026-10-01 09:00:00Z: 59.00 EUR were taken at 2026-10-01 08:59:59Z.",
  },
  retaken: {
    booking: { status: "CONFIRMED", captureId: "k" },
    payment: paidWith(LATE),
    facts: [swept, fact("booking.confirmed", "10:10:05")],
    says: "Confirmed at 10:10:05Z: its hold had run out at 10:10:00Z and was swept at 10:10:01Z, but 59.00 EUR were taken at 10:10:04Z and its seats were still free, so it took them back.",
  },
  "confirmed, and money taken twice": {
    booking: { status: "CONFIRMED", captureId: "first" },
    payment: paidWith({ ...CAPTURE, id: "first" }, { ...LATE, status: "REFUNDED", updatedAt: at("10:10:09") }),
    facts: [fact("booking.confirmed", "10:02:01"), refundDue("ALREADY_PAID")],
    says: "Confirmed at 10:02:01Z: 59.00 EUR were taken at 10:02:00Z; 59.00 EUR were taken at 10:10:04Z although it was paid already, and given back at 10:10:09Z.",
  },
  "cancelled by its buyer, nothing charged": {
    booking: { status: "CANCELLED", reason: "BY_USER" },
    payment: { status: "VOIDED", reason: "BY_USER" },
    facts: [fact("booking.cancelled", "10:01:00")],
    says: "Cancelled at 10:01:00Z by its buyer; nothing was charged for it.",
  },
  "cancelled by its buyer, still being stopped": {
    booking: { status: "CANCELLED", reason: "BY_USER" },
    payment: { attempts: [{ ...CHARGING, claims: 1, stopWanted: true }] },
    facts: [fact("booking.cancelled", "10:01:00")],
    says: "Cancelled at 10:01:00Z by its buyer; payment attempt 1 is being stopped, taken up once, and the provider says PENDING.",
  },
  "cancelled by its buyer, charged all the same": {
    booking: { status: "CANCELLED", reason: "BY_USER" },
    payment: paidWith(CAPTURE),
    facts: [fact("booking.cancelled", "10:01:00"), fact("payment.success", "10:02:00")],
    says: "Cancelled at 10:01:00Z by its buyer; 59.00 EUR were taken at 10:02:00Z, which booking has not applied yet (payment.success is published: lag tells who has not read it).",
  },
  "payment failed": {
    booking: { status: "CANCELLED", reason: "PAYMENT_FAILED" },
    payment: FAILED,
    facts: [fact("payment.failed", "10:02:00"), fact("booking.cancelled", "10:02:01")],
    says: "Cancelled at 10:02:01Z: payment attempt 1 failed with CARD_DECLINED at 10:02:00Z.",
  },
  "expired, and declined too late": {
    booking: expired,
    payment: { ...FAILED, reason: "TOO_LATE" },
    facts: [swept, fact("payment.failed", "10:10:02")],
    says: "Cancelled at 10:10:01Z: its hold of 600 s ran out at 10:10:00Z before a payment succeeded; payment attempt 1 failed with TOO_LATE at 10:10:02Z.",
  },
  "expired, refund due": {
    booking: expired,
    payment: paidWith({ ...LATE, status: "REFUND_DUE", claims: 3 }),
    facts: [swept, refundDue("SEATS_GONE")],
    says: "Cancelled at 10:10:01Z: its hold of 600 s ran out at 10:10:00Z before a payment succeeded; 59.00 EUR were taken at 10:10:04Z when its seats could not be taken back, and are due to be given back since 10:10:05Z, tried 3 times.",
  },
  "expired, refunded": {
    booking: expired,
    payment: paidWith({ ...LATE, status: "REFUNDED", updatedAt: at("10:10:09") }),
    facts: [swept, refundDue("SEATS_GONE")],
    says: "Cancelled at 10:10:01Z: its hold of 600 s ran out at 10:10:00Z before a payment succeeded; 59.00 EUR were taken at 10:10:04Z when its seats could not be taken back, and given back at 10:10:09Z.",
  },
  "the wrong amount was taken": {
    payment: paidWith({ ...CAPTURE, amountMinor: 100, status: "REFUND_DUE" }),
    facts: [refundDue("AMOUNT_MISMATCH")],
    says: "Pending until 10:10:00Z: 1.00 EUR were taken at 10:02:00Z (which is not what it costs), and are due to be given back since 10:10:05Z.",
  },
};

for (const [name, { booking, payment = {}, facts = [], refused = [], unavailable = {}, says }] of Object.entries(
  CASES,
)) {
  test(`why: ${name}`, () => {
    const story: BookingStory = {
      booking: { ...BOOKING, ...booking },
      payment: payment && { ...PAYMENT, ...payment },
      facts,
      refused,
      places: [],
      unavailable,
    };
    assert.equal(why(story, NOW), says);
  });
}
