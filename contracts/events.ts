import { newId } from "./id.ts";
import { compile, count, currency, type Infer, instant, minor, type Problem, uuid } from "./schema.ts";
import { KAFKA_TOPICS, type Topic } from "./topics.ts";

const text = { type: "string", min: 1, max: 255 } as const;
const seatStatus = { type: "enum", values: ["AVAILABLE", "HELD", "BOOKED", "BLOCKED"] } as const;

const booking = {
  bookingId: uuid,
  /** 1 for the first fact of a booking, and one more for each that follows, over all its topics. */
  bookingVersion: { type: "number", integer: true, min: 1 },
  eventId: uuid,
  userId: text,
} as const;

const payment = { paymentId: uuid, bookingId: uuid, eventId: uuid } as const;
const capture = { captureId: uuid, amountMinor: minor, currency } as const;

/** What `data` of each fact holds. Unknown fields are let through: a newer producer may add some. */
export const FACT_DATA = {
  [KAFKA_TOPICS.EVENT_PUBLISHED]: {
    eventId: uuid,
    /** Rises with every change of a published event's terms; a version not higher than the known one is ignored. */
    version: { type: "number", integer: true, min: 1 },
    organizerId: text,
    venueId: uuid,
    name: text,
    startsAt: instant,
    currency,
    holdSeconds: { type: "number", integer: true, min: 1 },
    maxSeats: { type: "number", integer: true, min: 1 },
    saleFrom: { ...instant, nullable: true },
    saleUntil: { ...instant, nullable: true },
    /** Price in minor units by category name. */
    prices: { type: "record", key: { type: "string" }, value: minor },
    seatCount: count,
  },
  [KAFKA_TOPICS.BOOKING_CREATED]: {
    ...booking,
    seats: { type: "array", min: 1, items: { type: "object", props: { seatId: uuid, priceMinor: minor } } },
    totalMinor: minor,
    currency,
    expiresAt: instant,
    holdSeconds: { type: "number", integer: true, min: 1 },
  },
  [KAFKA_TOPICS.BOOKING_CONFIRMED]: { ...booking, ticketReference: text, captureId: uuid },
  [KAFKA_TOPICS.BOOKING_CANCELLED]: { ...booking, reason: text },
  [KAFKA_TOPICS.BOOKING_EXPIRED]: { ...booking, reason: text },
  [KAFKA_TOPICS.BOOKING_REFUND_DUE]: { ...booking, paymentId: uuid, ...capture, reason: text },
  [KAFKA_TOPICS.PAYMENT_SUCCESS]: { ...payment, ...capture },
  [KAFKA_TOPICS.PAYMENT_FAILED]: { ...payment, reason: text },
  [KAFKA_TOPICS.PAYMENT_REFUNDED]: { ...payment, ...capture },
  [KAFKA_TOPICS.SEAT_CHANGED]: {
    /** Absolute states, at most 500 a fact: apply one only if its version is higher than the seat's known one. */
    changes: {
      type: "array",
      min: 1,
      max: 500,
      items: { type: "object", props: { seatIndex: count, seatId: uuid, status: seatStatus, version: count } },
    },
  },
} as const;

export type FactData<T extends Topic> = Infer<(typeof FACT_DATA)[T]>;

/** A fact as it stands on its topic: the names of CloudEvents 1.0. */
export interface BaseEvent<T extends Topic, P = FactData<T>> {
  /** uuid v7, made with the outbox row and stored in it: the same however often the fact is published. */
  id: string;
  /** `eventix/<service>`. */
  source: string;
  /** The topic. */
  type: T;
  /** bookingId or eventId: the record's key. */
  subject: string;
  /** RFC 3339, the database's clock at the write. */
  time: string;
  specversion: "1.0";
  /** From the HTTP request that began it all; absent only in seat.changed. */
  correlationid?: string;
  /** The id of the fact that caused this one. */
  causationid?: string;
  traceparent?: string;
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

const envelope = {
  id: uuid,
  source: text,
  subject: text,
  time: instant,
  specversion: { type: "equal", value: "1.0", strict: true },
  correlationid: { ...text, optional: true },
  causationid: { ...text, optional: true },
  traceparent: { ...text, optional: true },
} as const;

const checks = new Map(
  Object.entries(FACT_DATA).map(([topic, data]) => [
    topic,
    compile({
      ...envelope,
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
