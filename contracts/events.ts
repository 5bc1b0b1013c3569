import { newId } from "./id.ts";
import { compile, count, currency, type Infer, instant, minor, type Problem, uuid } from "./schema.ts";
import { KAFKA_TOPICS, type Topic } from "./topics.ts";

const text = { type: "string", min: 1, max: 255 } as const;

const bookingId = { ...uuid, description: "The booking.", example: "019c0e0b-1d20-7a64-8c1f-5b7de2f09a11" } as const;
const eventId = { ...uuid, description: "The event.", example: "019c0e0a-7c1e-7c3a-9d5e-3f1b2a4c5d6e" } as const;
const seatId = { ...uuid, description: "The seat.", example: "5f0c2a9e-3b7d-5e41-9a86-c4d1f2e07b35" } as const;
const seconds = { type: "number", integer: true, min: 1, example: 600 } as const;
const reason = (description: string, example: string) => ({ ...text, description, example }) as const;

const booking = {
  bookingId,
  bookingVersion: {
    type: "number",
    integer: true,
    min: 1,
    description: "1 for the first fact of a booking, and one more for each that follows, over all `booking.*` topics.",
    example: 2,
  },
  eventId,
  userId: { ...text, description: "Whose booking it is: the token's `sub`.", example: "auth0|alice" },
} as const;

const payment = {
  paymentId: {
    ...uuid,
    description: "The payment; a booking has one.",
    example: "019c0e0b-1d8b-7d02-b3a5-90c4f6e1d872",
  },
  bookingId,
  eventId,
} as const;

const capture = {
  captureId: {
    ...uuid,
    description: "Money that the provider took, once: what is applied to a booking or given back.",
    example: "019c0e0b-2f43-7b1e-a6d0-18e9c7b5f304",
  },
  amountMinor: { ...minor, description: "How much, in minor units.", example: 9000 },
  currency,
} as const;

const PRICED_SEAT = {
  seatId,
  priceMinor: { ...minor, description: "Its price in minor units." },
} as const;

const SEAT_CHANGE = {
  seatIndex: { ...count, description: "Its place among the event's seats.", example: 41 },
  seatId,
  status: {
    type: "enum",
    values: ["AVAILABLE", "HELD", "BOOKED", "BLOCKED"],
    description: "What it is now.",
    example: "HELD",
  },
  version: { ...count, description: "Rises with every change of the seat.", example: 7 },
} as const;

/** What `data` of each fact holds. Unknown fields are let through: a newer producer may add some. */
export const FACT_DATA = {
  [KAFKA_TOPICS.EVENT_PUBLISHED]: {
    eventId,
    version: {
      type: "number",
      integer: true,
      min: 1,
      description:
        "Rises with every change of a published event's terms; a version not higher than the known one is ignored.",
      example: 1,
    },
    organizerId: {
      ...text,
      description: "Whose event it is: the token's `org_id`, or else its `sub`.",
      example: "org_theatre",
    },
    venueId: { ...uuid, description: "The venue.", example: "019c0e09-42ad-7f95-8e0b-6d7c3a51b298" },
    name: { ...text, description: "What is on.", example: "The Tempest" },
    startsAt: { ...instant, description: "When it begins." },
    currency,
    holdSeconds: { ...seconds, description: "How long seats are held for a booking that is not paid." },
    maxSeats: { type: "number", integer: true, min: 1, description: "Seats a booking.", example: 10 },
    saleFrom: {
      ...instant,
      nullable: true,
      description: "When the sale opens; null: at once.",
      example: "2027-06-01T10:00:00.000Z",
    },
    saleUntil: { ...instant, nullable: true, description: "When the sale closes; null: never.", example: null },
    prices: {
      type: "record",
      key: { type: "string" },
      value: minor,
      description: "Price in minor units by category name.",
      example: { Stalls: 4500, Circle: 3000 },
    },
    seatCount: { ...count, description: "How many seats it has.", example: 1207 },
  },
  [KAFKA_TOPICS.BOOKING_CREATED]: {
    ...booking,
    bookingVersion: { ...booking.bookingVersion, example: 1 },
    seats: {
      type: "array",
      min: 1,
      items: { type: "object", props: PRICED_SEAT },
      description: "What is held.",
      example: [
        { seatId: seatId.example, priceMinor: 4500 },
        { seatId: "0b8e4d17-96c2-5a3f-b07d-e25a9c1f6d48", priceMinor: 4500 },
      ],
    },
    totalMinor: { ...minor, description: "What the seats cost together, in minor units.", example: 9000 },
    currency,
    expiresAt: { ...instant, description: "Until when the seats are held.", example: "2027-06-01T10:10:00.000Z" },
    holdSeconds: { ...seconds, description: "How long that was when it was made." },
  },
  [KAFKA_TOPICS.BOOKING_CONFIRMED]: {
    ...booking,
    ticketReference: {
      ...text,
      description: "What the buyer shows at the door; one of its kind within the event.",
      example: "7QXK-M3ZD-9RWA",
    },
    captureId: { ...capture.captureId, description: "The money that it was confirmed by." },
  },
  [KAFKA_TOPICS.BOOKING_CANCELLED]: {
    ...booking,
    reason: reason("`BY_USER` or `PAYMENT_FAILED`.", "BY_USER"),
  },
  [KAFKA_TOPICS.BOOKING_EXPIRED]: { ...booking, reason: reason("`EXPIRED`.", "EXPIRED") },
  [KAFKA_TOPICS.BOOKING_REFUND_DUE]: {
    ...booking,
    bookingVersion: { ...booking.bookingVersion, example: 3 },
    paymentId: payment.paymentId,
    ...capture,
    reason: reason("`SEATS_GONE`, `BOOKING_CANCELLED`, `ALREADY_PAID` or `AMOUNT_MISMATCH`.", "SEATS_GONE"),
  },
  [KAFKA_TOPICS.PAYMENT_SUCCESS]: { ...payment, ...capture },
  [KAFKA_TOPICS.PAYMENT_FAILED]: {
    ...payment,
    reason: reason(
      "`TOO_LATE` (no attempt begins shortly before the hold ends), `PROVIDER_STOPPED`, or the provider's own word.",
      "CARD_DECLINED",
    ),
  },
  [KAFKA_TOPICS.PAYMENT_REFUNDED]: { ...payment, ...capture },
  [KAFKA_TOPICS.SEAT_CHANGED]: {
    changes: {
      type: "array",
      min: 1,
      max: 500,
      items: { type: "object", props: SEAT_CHANGE },
      description: "Absolute states: apply one only if its version is higher than the seat's known one.",
    },
  },
} as const;

export type FactData<T extends Topic> = Infer<(typeof FACT_DATA)[T]>;

/** What is around `data`: the names of CloudEvents 1.0. */
export const FACT_ENVELOPE = {
  id: {
    ...uuid,
    description: "The fact, by a uuid v7: the same however often it is published.",
    example: "019c0e0b-1d21-7e58-9f3c-7a64b0d2c195",
  },
  source: { ...text, description: "Who says it: `eventix/<service>`.", example: "eventix/booking" },
  subject: { ...text, description: "What it is about: the record's key.", example: bookingId.example },
  time: {
    ...instant,
    description: "When it became so, by the database's clock.",
    example: "2027-06-01T10:00:00.123456Z",
  },
  specversion: { type: "equal", value: "1.0", strict: true, description: "`1.0`.", example: "1.0" },
  correlationid: {
    ...text,
    optional: true,
    description: "From the request that began it all; absent in `seat.changed`.",
    example: "0f3c9a52-7d1e-4b86-a2c4-e95b17d8f603",
  },
  causationid: {
    ...text,
    optional: true,
    description: "The `id` of the fact that caused this one, if one did.",
    example: "019c0e0b-2f60-7c07-85e1-b3d94a2f6e18",
  },
  traceparent: {
    ...text,
    optional: true,
    description: "W3C trace context, if the request carried one.",
    example: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
  },
} as const;

/** A fact as it stands on its topic. */
export interface BaseEvent<T extends Topic, P = FactData<T>> extends Infer<typeof FACT_ENVELOPE> {
  /** The topic. */
  type: T;
  data: P;
}

export type EventPublishedEvent = BaseEvent<"event.published">;
export type BookingCreatedEvent = BaseEvent<"booking.created">;
export type BookingConfirmedEvent = BaseEvent<"booking.confirmed">;
export type BookingCancelledEvent = BaseEvent<"booking.cancelled">;
export type BookingExpiredEvent = BaseEvent<"booking.expired">;
export type BookingRefundDueEvent = BaseEvent<"booking.refund_due">;
export type PaymentSuccessEvent = BaseEvent<"payment.success">;
export type PaymentFailedEvent = BaseEvent<"payment.failed">;
export type PaymentRefundedEvent = BaseEvent<"payment.refunded">;
export type SeatChangedEvent = BaseEvent<"seat.changed">;

/** Any fact, told apart by `type`. */
export type Fact<T extends Topic = Topic> = { [K in T]: BaseEvent<K> }[T];

/** A fact about to be written to an outbox; `time` is the database's to set. */
export type NewFact<T extends Topic = Topic> = { [K in T]: Omit<BaseEvent<K>, "time"> }[T];

/** What made a new fact come about: a request (correlation only) or another fact. */
export interface Cause {
  correlationid?: string | undefined;
  causationid?: string | undefined;
  traceparent?: string | undefined;
}

/** The cause that a fact is of those that follow from it. */
export const causedBy = (fact: Fact): Cause => ({
  correlationid: fact.correlationid,
  causationid: fact.id,
  traceparent: fact.traceparent,
});

/** Makes a fact with an id of its own. */
export function newFact<T extends Topic>(
  type: T,
  source: string,
  subject: string,
  data: FactData<T>,
  cause: Cause = {},
): NewFact<T> {
  const { correlationid, causationid, traceparent } = cause;
  return {
    id: newId(),
    source,
    type,
    subject,
    specversion: "1.0",
    ...(correlationid && { correlationid }),
    ...(causationid && { causationid }),
    ...(traceparent && { traceparent }),
    data,
  } as unknown as NewFact<T>;
}

const checks = new Map(
  Object.entries(FACT_DATA).map(([topic, data]) => [
    topic,
    compile({
      ...FACT_ENVELOPE,
      type: { type: "equal", value: topic, strict: true },
      data: { type: "object", props: data },
    } as const),
  ]),
);

export type ParsedFact = { ok: true; fact: Fact } | { ok: false; reason: string };

/** Reads a record's value as the fact of its topic. A refusal is for ever: the same bytes never parse later. */
export function parseFact(topic: string, value: Buffer | string | null): ParsedFact {
  const check = checks.get(topic);
  if (!check) return { ok: false, reason: `no schema for topic ${topic}` };
  let json: unknown;
  try {
    json = JSON.parse(String(value));
  } catch {
    return { ok: false, reason: "not JSON" };
  }
  const checked = check(json);
  return checked.ok
    ? { ok: true, fact: checked.value as unknown as Fact }
    : { ok: false, reason: `not a ${topic}: ${describe(checked.problems)}` };
}

const describe = (problems: Problem[]) =>
  problems
    .slice(0, 5)
    .map((p) => `${p.field} ${p.message}`.trim())
    .join("; ");
