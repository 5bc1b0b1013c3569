import { Errors } from "moleculer";

interface ErrorEntry {
  /** HTTP status. */
  status: number;
  /** Whether the same request may succeed when it is sent again. */
  retryable: boolean;
  /** What happened and what to do next, for a person who calls the API. */
  message: string;
}

/** The one table of errors. Codes are stable; match on them, never on messages. */
export const ERRORS = {
  VALIDATION_ERROR: {
    status: 422,
    retryable: false,
    message: "The request is not valid. Correct the fields named in details.",
  },
  UNAUTHORIZED: {
    status: 401,
    retryable: false,
    message: "A valid bearer token is needed. Sign in and send it in the Authorization header.",
  },
  FORBIDDEN: { status: 403, retryable: false, message: "The token lacks the scope or the organizer that this needs." },
  SIGNATURE_INVALID: {
    status: 403,
    retryable: false,
    message: "No known secret made this signature over this id, timestamp and body. Sign the bytes that are sent.",
  },
  SIGNATURE_STALE: {
    status: 403,
    retryable: false,
    message:
      "The signature is more than five minutes old or ahead. Sign anew when sending again, by a clock that is right.",
  },
  NOT_FOUND: { status: 404, retryable: false, message: "There is nothing at this address. Check the path." },
  METHOD_NOT_ALLOWED: {
    status: 405,
    retryable: false,
    message: "This address does not take this method. Those it takes are in the Allow header.",
  },
  EVENT_NOT_FOUND: {
    status: 404,
    retryable: false,
    message: "There is no such event. List events with GET /api/events.",
  },
  VENUE_NOT_FOUND: {
    status: 404,
    retryable: false,
    message: "There is no such venue of this organizer. Import a seating plan with POST /api/venues.",
  },
  BOOKING_NOT_FOUND: {
    status: 404,
    retryable: false,
    message: "There is no such booking of this user. List bookings with GET /api/bookings/my.",
  },
  PAYMENT_NOT_FOUND: {
    status: 404,
    retryable: true,
    message: "There is no payment for this booking yet. Ask again in a moment.",
  },
  SEAT_NOT_FOUND: {
    status: 422,
    retryable: false,
    message: "The event has no such seat. Take seat ids from GET /api/events/:id/seats.",
  },
  SEATING_PLAN_INVALID: {
    status: 422,
    retryable: false,
    message: "The seating plan has errors and was not stored. Each is listed in details.errors.",
  },
  PRICE_MISSING: {
    status: 422,
    retryable: false,
    message: "Each category that has seats needs a price, and only those. The categories are listed in details.",
  },
  EVENT_NOT_ON_SALE: {
    status: 409,
    retryable: true,
    message:
      "The event is not on sale now. Look at its sale window, or try again in a moment if it was just published.",
  },
  SEAT_ALREADY_RESERVED: {
    status: 409,
    retryable: false,
    message: "At least one seat is taken; none was held. The taken ones are in details.conflicts: choose others.",
  },
  MAX_SEATS_EXCEEDED: {
    status: 422,
    retryable: false,
    message: "More seats than this event allows in one booking. The limit is in details.maxSeats.",
  },
  BOOKING_NOT_CANCELLABLE: {
    status: 409,
    retryable: false,
    message: "Only a pending booking can be cancelled. Read its status with GET /api/bookings/:id.",
  },
  IDEMPOTENCY_KEY_REUSED: {
    status: 422,
    retryable: false,
    message: "This Idempotency-Key was used with another body. Use a new key for a new request.",
  },
  REQUEST_IN_PROGRESS: {
    status: 409,
    retryable: true,
    message: "A request with this Idempotency-Key is still being answered. Repeat it after Retry-After.",
  },
  PAYLOAD_TOO_LARGE: {
    status: 413,
    retryable: false,
    message: "The body is larger than this route takes. The limit is in details.limit.",
  },
  UNSUPPORTED_MEDIA_TYPE: {
    status: 415,
    retryable: false,
    message: "The body is not of a kind that is read here. Send JSON in UTF-8 with Content-Type: application/json.",
  },
  REQUEST_TOO_SLOW: {
    status: 408,
    retryable: true,
    message: "The request did not arrive in time and was not looked at. Send it again, over a better connection.",
  },
  RATE_LIMITED: { status: 429, retryable: true, message: "Too many requests. Wait for Retry-After." },
  TOO_MANY_FAILED_LOGINS: {
    status: 429,
    retryable: true,
    message: "Too many bad tokens came from this address. Get a new token, and wait for Retry-After.",
  },
  SERVICE_UNAVAILABLE: {
    status: 503,
    retryable: true,
    message: "This cannot be answered now. Repeat the request after Retry-After; nothing was lost.",
  },
  INTERNAL_ERROR: { status: 500, retryable: false, message: "Something broke on our side. Report the correlation id." },
} as const satisfies Record<string, ErrorEntry>;

export type ErrorCode = keyof typeof ERRORS;

/** Each code by its own name, for those who match on it: `error.type === ERROR_CODES.SEAT_ALREADY_RESERVED`. */
export const ERROR_CODES = Object.fromEntries(Object.keys(ERRORS).map((code) => [code, code])) as {
  [C in ErrorCode]: C;
};

export const isErrorCode = (type: unknown): type is ErrorCode =>
  typeof type === "string" && Object.hasOwn(ERRORS, type);

/**
 * A refusal or failure that callers may rely on. Crosses nodes as a Moleculer error: match `type`, since the class is lost on the way.
 * `details` goes to the caller: never put anything of our inside into it.
 */
export class EventixError extends Errors.MoleculerError {
  constructor(code: ErrorCode, details?: object, message: string = ERRORS[code].message) {
    // A refusal is an answer and no fault: where it was made is of no use, and to find out takes a tenth of answering.
    const traced = Error.stackTraceLimit;
    if (ERRORS[code].status < 500) Error.stackTraceLimit = 0;
    super(message, ERRORS[code].status, code, details);
    Error.stackTraceLimit = traced;
    this.name = "EventixError";
    (this as { retryable: boolean }).retryable = ERRORS[code].retryable;
  }
}

/** The code of whatever was thrown, on this node or another. */
export function errorCodeOf(error: unknown): ErrorCode {
  const type = (error as { type?: unknown } | null)?.type;
  return isErrorCode(type) ? type : ERROR_CODES.INTERNAL_ERROR;
}
