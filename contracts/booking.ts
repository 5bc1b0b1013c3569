import { count, currency, type Infer, instant, minor, uuid } from "./schema.ts";

export const BookingStatus = { PENDING: "PENDING", CONFIRMED: "CONFIRMED", CANCELLED: "CANCELLED" } as const;
export type BookingStatus = (typeof BookingStatus)[keyof typeof BookingStatus];

/** Why a booking is CANCELLED. */
export const CancelReason = { PAYMENT_FAILED: "PAYMENT_FAILED", BY_USER: "BY_USER", EXPIRED: "EXPIRED" } as const;
export type CancelReason = (typeof CancelReason)[keyof typeof CancelReason];

export const SeatStatus = { AVAILABLE: "AVAILABLE", HELD: "HELD", BOOKED: "BOOKED", BLOCKED: "BLOCKED" } as const;
export type SeatStatus = (typeof SeatStatus)[keyof typeof SeatStatus];

/** Far above what an event may allow (its maxSeats); bounds the work of one request before the event is known. */
export const SEATS_PER_REQUEST_LIMIT = 100;

/** POST /api/bookings: hold these seats, all or none. */
export const CREATE_BOOKING = {
  $$strict: true,
  eventId: uuid,
  seatIds: { type: "array", min: 1, max: SEATS_PER_REQUEST_LIMIT, unique: true, items: uuid },
} as const;
export type CreateBooking = Infer<typeof CREATE_BOOKING>;

export const BOOKING_ID = { $$strict: true, id: uuid } as const;
export type BookingId = Infer<typeof BOOKING_ID>;

export const BOOKING_RESPONSE = {
  id: uuid,
  eventId: uuid,
  status: { type: "enum", values: ["PENDING", "CONFIRMED", "CANCELLED"] },
  reason: { type: "enum", values: ["PAYMENT_FAILED", "BY_USER", "EXPIRED"], nullable: true },
  seats: { type: "array", items: { type: "object", props: { seatId: uuid, priceMinor: minor } } },
  totalMinor: minor,
  currency,
  expiresAt: { ...instant, nullable: true },
  ticketReference: { type: "string", nullable: true },
  createdAt: instant,
} as const;
/** A booking as its owner sees it; null where not yet. */
export type BookingResponse = Infer<typeof BOOKING_RESPONSE>;

export const PAGINATION_QUERY = {
  $$strict: true,
  limit: { type: "number", integer: true, min: 1, max: 100, convert: true, optional: true },
  cursor: { type: "string", min: 1, max: 200, pattern: /^[A-Za-z0-9_-]+$/, optional: true },
} as const;
export type PaginationQuery = Infer<typeof PAGINATION_QUERY>;
export const PAGE_SIZE = 20;

/** One page of a list; `nextCursor` is opaque and null on the last. */
export interface Page<T> {
  items: T[];
  limit: number;
  nextCursor: string | null;
}

export const AVAILABILITY_QUERY = {
  $$strict: true,
  eventId: uuid,
  /** `bits`: two bits a seat by seat_index, lowest bits first (0 free, 1 held, 2 booked, 3 blocked), as base64. */
  as: { type: "enum", values: ["seats", "bits"], optional: true },
} as const;
export type AvailabilityQuery = Infer<typeof AVAILABILITY_QUERY>;

export const SEAT_STATE = {
  seatId: uuid,
  index: count,
  status: { type: "enum", values: ["AVAILABLE", "HELD", "BOOKED", "BLOCKED"] },
  version: count,
} as const;
export type SeatState = Infer<typeof SEAT_STATE>;

export interface SeatsAvailability {
  seatCount: number;
  seats: SeatState[];
}
export interface BitsAvailability {
  seatCount: number;
  /** base64 of ceil(seatCount / 4) bytes. */
  bits: string;
}

export const PAYMENT_RESPONSE = {
  id: uuid,
  bookingId: uuid,
  status: { type: "enum", values: ["REQUESTED", "SUCCEEDED", "FAILED", "VOIDED"] },
  reason: { type: "string", nullable: true },
  amountMinor: minor,
  currency,
  captures: {
    type: "array",
    items: {
      type: "object",
      props: {
        id: uuid,
        amountMinor: minor,
        currency,
        status: { type: "enum", values: ["CAPTURED", "REFUND_DUE", "REFUNDED"] },
      },
    },
  },
  createdAt: instant,
  updatedAt: instant,
} as const;
/** A payment as the owner of its booking sees it. */
export type PaymentResponse = Infer<typeof PAYMENT_RESPONSE>;
