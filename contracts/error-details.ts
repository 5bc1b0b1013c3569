import { BOOKING_RESPONSE, SEAT_STATE } from "./booking.ts";
import { IMPORTED_VENUE, PLAN_REFUSAL } from "./catalog.ts";
import type { ErrorCode } from "./errors.ts";
import { uuid } from "./schema.ts";

const text = { type: "string" } as const;

/** What `details` of an error holds; codes that are not here have none. */
export const ERROR_DETAILS: { readonly [C in ErrorCode]?: object } = {
  VALIDATION_ERROR: {
    errors: {
      type: "array",
      description: "Each field that is wrong, and why.",
      items: {
        type: "object",
        props: {
          field: { ...text, description: "Where it stands in the request; empty for all of it.", example: "seatIds" },
          message: { ...text, description: "What is wrong with it.", example: "must contain at least 1 item" },
        },
      },
    },
  },
  SEAT_NOT_FOUND: {
    seatIds: {
      type: "array",
      items: uuid,
      description: "Those that the event does not have.",
      example: [uuid.example],
    },
  },
  SEATING_PLAN_INVALID: PLAN_REFUSAL,
  PRICE_MISSING: {
    missing: { type: "array", items: text, description: "Categories that need a price.", example: ["Circle"] },
    unknown: { type: "array", items: text, description: "Prices for categories without a seat.", example: ["Crcle"] },
    categories: IMPORTED_VENUE.categories,
  },
  EVENT_NOT_ON_SALE: {
    status: {
      type: "enum",
      values: ["LOADING"],
      optional: true,
      description: "LOADING while the seats of a published event are put on sale: ask again in a moment.",
      example: "LOADING",
    },
  },
  SEAT_ALREADY_RESERVED: {
    conflicts: {
      type: "array",
      description: "The seats that are taken, as far as is known.",
      items: {
        type: "object",
        props: { seatId: SEAT_STATE.seatId, status: { ...SEAT_STATE.status, example: "HELD" } },
      },
    },
  },
  MAX_SEATS_EXCEEDED: {
    maxSeats: { type: "number", integer: true, min: 1, description: "Seats that a booking may have.", example: 10 },
  },
  BOOKING_NOT_CANCELLABLE: {
    status: { ...BOOKING_RESPONSE.status, description: "What the booking is instead.", example: "CONFIRMED" },
  },
  PAYLOAD_TOO_LARGE: {
    limit: { type: "number", integer: true, min: 1, description: "Bytes that the body may have.", example: 65_536 },
  },
  SERVICE_UNAVAILABLE: {
    reasons: {
      type: "array",
      items: text,
      optional: true,
      description: "Of /health/ready alone: why the node is not ready.",
      example: ["no node offers booking"],
    },
  },
  INTERNAL_ERROR: {
    correlationId: { ...text, description: "By which the log tells what broke.", example: "order-4711" },
  },
};
