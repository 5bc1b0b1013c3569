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
  eventId: { ...uuid, description: "The event." },
  seatIds: {
    type: "array",
    min: 1,
    max: SEATS_PER_REQUEST_LIMIT,
    unique: true,
    items: uuid,
    description: "Its seats, all or none; the event says how many at most.",
    example: [uuid.example],
  },
} as const;
export type CreateBooking = Infer<typeof CREATE_BOOKING>;

export const BOOKING_ID = { $$strict: true, id: { ...uuid, description: "The booking." } } as const;
export type BookingId = Infer<typeof BOOKING_ID>;

export const BOOKING_RESPONSE = {
  id: { ...uuid, description: "The booking." },
  eventId: { ...uuid, description: "Its event." },
  status: {
    type: "enum",
    values: ["PENDING", "CONFIRMED", "CANCELLED"],
    description: "PENDING until it is paid, cancelled or run out.",
    example: "PENDING",
  },
  reason: {
    type: "enum",
    values: ["PAYMENT_FAILED", "BY_USER", "EXPIRED"],
    nullable: true,
    description: "Why it is CANCELLED; null when it is not.",
    example: null,
  },
  seats: {
    type: "array",
    description: "What is held or booked.",
    items: {
      type: "object",
      props: {
        seatId: { ...uuid, description: "The seat." },
        priceMinor: { ...minor, description: "Its price in minor units (cents)." },
      },
    },
  },
  totalMinor: { ...minor, description: "The sum of the prices, in minor units." },
  currency,
  expiresAt: { ...instant, description: "Until when the seats are held, or were." },
  ticketReference: {
    type: "string",
    nullable: true,
    description: "What the buyer shows at the door; null until it is CONFIRMED.",
    example: null,
  },
  createdAt: { ...instant, description: "When the seats were held." },
} as const;
/** A booking as its owner sees it; null where not yet. */
export type BookingResponse = Infer<typeof BOOKING_RESPONSE>;

export const PAGINATION_QUERY = {
  $$strict: true,
  limit: {
    type: "number",
    integer: true,
    min: 1,
    max: 100,
    convert: true,
    optional: true,
    description: "How many a page; 20 when absent.",
    example: 20,
  },
  cursor: {
    type: "string",
    min: 1,
    max: 200,
    pattern: /^[A-Za-z0-9_-]+$/,
    messages: { stringPattern: "must be meta.nextCursor of the page before, as it is" },
    optional: true,
    description: "`meta.nextCursor` of the page before; absent for the first.",
    example: "eyJpZCI6IjAxOWMifQ",
  },
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
  eventId: { ...uuid, description: "The event." },
  /** `bits`: two bits a seat by seat_index, lowest bits first (0 free, 1 held, 2 booked, 3 blocked), as base64. */
  as: { type: "enum", values: ["seats", "bits"], optional: true },
} as const;
export type AvailabilityQuery = Infer<typeof AVAILABILITY_QUERY>;

export const SEAT_STATE = {
  seatId: { ...uuid, description: "The seat." },
  index: { ...count, description: "Its place among the event's seats: its two bits in the short form." },
  status: {
    type: "enum",
    values: ["AVAILABLE", "HELD", "BOOKED", "BLOCKED"],
    description: "HELD while a booking is PENDING, BOOKED once one is CONFIRMED, BLOCKED when it is not for sale.",
    example: "AVAILABLE",
  },
  version: { ...count, description: "Rises with every change of the seat." },
} as const;
export type SeatState = Infer<typeof SEAT_STATE>;

export const SEATS_AVAILABILITY = {
  seatCount: { ...count, description: "How many seats the event has.", example: 1207 },
  seats: { type: "array", description: "All of them, by index.", items: { type: "object", props: SEAT_STATE } },
} as const;
export type SeatsAvailability = Infer<typeof SEATS_AVAILABILITY>;
export interface BitsAvailability {
  seatCount: number;
  /** base64 of ceil(seatCount / 4) bytes. */
  bits: string;
}

export const PAYMENT_RESPONSE = {
  id: { ...uuid, description: "The payment." },
  bookingId: { ...uuid, description: "The booking it is for." },
  status: {
    type: "enum",
    values: ["REQUESTED", "SUCCEEDED", "FAILED", "VOIDED"],
    description: "VOIDED when the booking ended before the provider was asked.",
    example: "SUCCEEDED",
  },
  reason: { type: "string", nullable: true, description: "Why it FAILED or was VOIDED, else null.", example: null },
  amountMinor: { ...minor, description: "What is asked for, in minor units." },
  currency,
  captures: {
    type: "array",
    description: "Money that the provider has taken.",
    items: {
      type: "object",
      props: {
        id: { ...uuid, description: "The capture." },
        amountMinor: { ...minor, description: "What was taken, in minor units." },
        currency,
        status: {
          type: "enum",
          values: ["CAPTURED", "REFUND_DUE", "REFUNDED"],
          description: "REFUND_DUE when it is to be given back, REFUNDED when it was.",
          example: "CAPTURED",
        },
      },
    },
  },
  checkoutUrl: {
    type: "string",
    nullable: true,
    description:
      "Where the buyer pays, while that is waited for; null when it is not, or when the provider needs no page.",
    example: null,
  },
  createdAt: { ...instant, description: "When it was recorded." },
  updatedAt: { ...instant, description: "When it last changed." },
} as const;
/** A payment as the owner of its booking sees it. */
export type PaymentResponse = Infer<typeof PAYMENT_RESPONSE>;
