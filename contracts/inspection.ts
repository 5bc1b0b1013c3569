import type { BookingStatus, CancelReason, PaymentResponse, SeatStatus } from "./booking.ts";
import type { Fact } from "./events.ts";
import { uuid } from "./schema.ts";

/** What operators look at, on the bus only: actions with the scope `ops:read`. Instants are RFC 3339. */

/** booking.inspect, booking.facts. */
export const INSPECT_BOOKING = { $$strict: true, id: uuid } as const;
/** booking.inspectEvent. */
export const INSPECT_EVENT = { $$strict: true, eventId: uuid } as const;
/** booking.inspectSeat. */
export const INSPECT_SEAT = { $$strict: true, eventId: uuid, seatId: uuid } as const;
/** payment.inspect. */
export const INSPECT_PAYMENT = { $$strict: true, bookingId: uuid } as const;
/** catalog.inspectSeats: each asked for by its id, its index, or `zone/row/number`. */
export const INSPECT_SEATS = {
  $$strict: true,
  eventId: uuid,
  seats: { type: "array", min: 1, max: 100, items: { type: "string", min: 1, max: 600 } },
} as const;

export interface InspectedBooking {
  id: string;
  eventId: string;
  organizerId: string;
  userId: string;
  status: BookingStatus;
  reason: CancelReason | null;
  /** The bookingVersion of its latest fact. */
  version: number;
  totalMinor: number;
  currency: string;
  /** How long its hold was made for. */
  holdSeconds: number;
  expiresAt: string;
  /** Whether that has passed, by the database's clock. */
  hasRunOut: boolean;
  ticketReference: string | null;
  captureId: string | null;
  correlationId: string;
  createdAt: string;
  updatedAt: string;
  /** `takenBy` is another booking that has the seat now. */
  seats: { seatId: string; priceMinor: number; releasedAt: string | null; takenBy: string | null }[];
}

/** Facts about a booking, each once and in no order. */
export interface InspectedFacts {
  /** Those on the topics, of booking and payment. */
  published: Fact[];
  /** Those that still wait in booking's outbox; one may have been published since. */
  waiting: Fact[];
  /** Those that a consumer will never apply: dead letters. */
  refused: RefusedFact[];
  /** False when reading was given up before the end of the topics. */
  complete: boolean;
}

export interface RefusedFact {
  /** Where it was published, if it is a fact at all. */
  topic: string;
  consumer: string;
  reason: string;
  time: string;
}

export interface InspectedEvent {
  eventId: string;
  organizerId: string;
  status: "LOADING" | "ON_SALE";
  /** Of the terms; `loadedVersion` is behind while its seats and prices are being put on the shelf. */
  version: number;
  loadedVersion: number;
  currency: string;
  holdSeconds: number;
  maxSeatsPerBooking: number;
  saleFrom: string | null;
  saleUntil: string | null;
  /** Whether a seat can be held now: status and sale window, by the database's clock. */
  isOnSale: boolean;
  seats: Record<SeatStatus, number>;
  bookings: { status: BookingStatus; reason: CancelReason | null; count: number; totalMinor: number }[];
  /** When the next pending booking runs out. */
  nextExpiry: string | null;
  /** Pending bookings that have run out and are not swept. */
  runOut: number;
}

export interface InspectedSeat {
  eventId: string;
  seatId: string;
  index: number;
  priceMinor: number;
  currency: string;
  status: SeatStatus;
  version: number;
  bookingId: string | null;
  heldUntil: string | null;
  /** The latest bookings it was in, newest first. */
  bookings: {
    id: string;
    userId: string;
    status: BookingStatus;
    reason: CancelReason | null;
    createdAt: string;
    releasedAt: string | null;
  }[];
}
/** Bookings that one seat's answer names. */
export const BOOKINGS_OF_SEAT = 20;

/** Where a seat is; `asked` is what it was asked for by. */
export interface SeatPlace {
  asked: string;
  seatId: string;
  index: number;
  zone: string;
  row: string;
  number: string;
  category: string;
}

/** What the provider says of a charge now; NO_ANSWER when it did not say anything in time. */
export interface ProviderResult {
  state: "PENDING" | "UNKNOWN" | "TAKEN" | "DECLINED" | "STOPPED" | "NO_ANSWER";
  reason?: string;
  providerRef?: string;
  amountMinor?: number;
  currency?: string;
  /** Where the buyer pays, if that is what it waits for. */
  checkoutUrl?: string;
}

export interface InspectedPayment {
  id: string;
  bookingId: string;
  status: PaymentResponse["status"];
  reason: string | null;
  /** Null in a payment that was voided before its booking was known. */
  amountMinor: number | null;
  currency: string | null;
  /** No attempt starts after this. */
  startBy: string | null;
  createdAt: string;
  updatedAt: string;
  attempts: {
    number: number;
    state: "REQUESTED" | "CHARGING" | "TAKEN" | "DECLINED" | "STOPPED" | "VOIDED";
    /** How often a worker took it up. */
    claims: number;
    stopWanted: boolean;
    /** Null for an attempt that was never sent. */
    provider: ProviderResult | null;
  }[];
  captures: {
    id: string;
    provider: string;
    providerRef: string;
    amountMinor: number;
    currency: string;
    status: "CAPTURED" | "REFUND_DUE" | "REFUNDED";
    /** How often a refund was tried. */
    claims: number;
    createdAt: string;
    updatedAt: string;
  }[];
  /** Facts of the payment that still wait in payment's outbox. */
  waiting: Fact[];
}
