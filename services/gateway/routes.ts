import type { IncomingHttpHeaders } from "node:http";
import { config } from "#config";
import {
  AVAILABILITY_QUERY,
  BOOKING_ID,
  BOOKING_RESPONSE,
  CREATE_BOOKING,
  PAGINATION_QUERY,
  PAYMENT_RESPONSE,
  SEATS_AVAILABILITY,
} from "#contracts/booking.ts";
import type { Access, CallMeta } from "#contracts/caller.ts";
import {
  CREATE_EVENT,
  EVENT_ID,
  EVENT_RESPONSE,
  IMPORT_VENUE,
  IMPORTED_VENUE,
  LIST_EVENTS,
  PRICED_SEATS,
  SEAT_MAP,
  SEATS_OF_EVENT,
  VALIDATED_SEATS,
} from "#contracts/catalog.ts";
import type { ErrorCode } from "#contracts/errors.ts";
import { EVENT_RECEIPT, PAYMENT_EVENT, RECEIVE_EVENT } from "#contracts/payment-event.ts";
import type { BodyKind } from "./body.ts";
import type { Repetition } from "./repeat.ts";
import { holdMeta, keyed } from "./request-meta.ts";
import { AVAILABILITY, SEATS, type SharedAnswer } from "./shared-answers.ts";

/** One address of the API: which action answers it, and how request and answer are translated. */
export interface Endpoint {
  method: "GET" | "POST";
  path: string;
  /** What it is for, in a few words. */
  summary: string;
  action: string;
  /** The schema by which the action checks its params. */
  params: object;
  /** What `data` of the answer holds, or each item of a list. */
  answer: object;
  /** What this address refuses, besides what all of its kind do (see openapi-operation.ts). */
  errors: readonly ErrorCode[];
  access: Access;
  /** The action's param that each parameter of the path fills. */
  pathParams?: Readonly<Record<string, string>>;
  /** The action's param that each parameter of the query fills; others are refused. */
  query?: Readonly<Record<string, string>>;
  /** Headers that are params of the action, by these names. */
  headers?: readonly string[];
  /** `fields` are the action's params; a `plan` is one of them, and so is the `payload` that `bytes` are. */
  body?: BodyKind;
  /** What `bytes` hold, for the description; the action checks it after their signature. */
  payload?: object;
  /** What the call carries besides the caller. Throws VALIDATION_ERROR. */
  meta?: (headers: IncomingHttpHeaders) => CallMeta;
  /** Of success; 200 when absent. */
  status?: 201;
  /** Where the thing made can be read: this and its id. */
  location?: string;
  /** The answer is one page of a list. */
  paged?: true;
  /** The answer is the same for everyone who asks within some time. */
  shared?: SharedAnswer;
  timeoutMs?: number;
  /** How it is sent again when its node does not answer; reads are sent again `alike`, all else not at all when absent. */
  repeated?: Repetition;
}

const { gatewayCallMs, bulkMs } = config.timeouts;
export const CALL_TIMEOUT_MS = gatewayCallMs;

const id = { id: "id" } as const;
const eventId = { id: "eventId" } as const;
const page = { paged: true, query: { limit: "limit", cursor: "cursor" } } as const;

const EVENT_GONE = ["EVENT_NOT_FOUND"] as const;
const BOOKING_GONE = ["BOOKING_NOT_FOUND"] as const;

export const ENDPOINTS: readonly Endpoint[] = [
  {
    method: "GET",
    path: "/api/events",
    summary: "List what is on",
    action: "catalog.listEvents",
    params: LIST_EVENTS,
    answer: EVENT_RESPONSE,
    errors: [],
    access: "anyone",
    ...page,
  },
  {
    method: "GET",
    path: "/api/events/:id",
    summary: "Read an event",
    action: "catalog.getEvent",
    params: EVENT_ID,
    answer: EVENT_RESPONSE,
    errors: EVENT_GONE,
    access: "anyone",
    pathParams: id,
  },
  {
    method: "GET",
    path: "/api/events/:id/seats",
    summary: "Read the layout of an event: zones, rows, seats and prices",
    action: "catalog.getSeatMap",
    params: EVENT_ID,
    answer: SEAT_MAP,
    errors: EVENT_GONE,
    access: "anyone",
    pathParams: id,
    shared: SEATS,
  },
  {
    method: "GET",
    path: "/api/events/:id/availability",
    summary: "Read which seats are free; at most 250 ms old",
    action: "booking.availability",
    params: AVAILABILITY_QUERY,
    answer: SEATS_AVAILABILITY,
    errors: ["EVENT_NOT_FOUND", "EVENT_NOT_ON_SALE"],
    access: "anyone",
    pathParams: eventId,
    shared: AVAILABILITY,
  },
  {
    method: "POST",
    path: "/api/bookings",
    summary: "Hold seats, all or none",
    action: "booking.create",
    params: CREATE_BOOKING,
    answer: BOOKING_RESPONSE,
    errors: ["EVENT_NOT_FOUND", "EVENT_NOT_ON_SALE", "SEAT_NOT_FOUND", "SEAT_ALREADY_RESERVED", "MAX_SEATS_EXCEEDED"],
    access: "user",
    body: "fields",
    meta: holdMeta,
    repeated: "hold",
    status: 201,
    location: "/api/bookings",
  },
  {
    method: "GET",
    path: "/api/bookings/my",
    summary: "List one's own bookings, the newest first",
    action: "booking.listMine",
    params: PAGINATION_QUERY,
    answer: BOOKING_RESPONSE,
    errors: [],
    access: "user",
    ...page,
  },
  {
    method: "GET",
    path: "/api/bookings/:id",
    summary: "Read one's own booking",
    action: "booking.get",
    params: BOOKING_ID,
    answer: BOOKING_RESPONSE,
    errors: BOOKING_GONE,
    access: "user",
    pathParams: id,
  },
  {
    method: "GET",
    path: "/api/bookings/:id/payment",
    summary: "Read the payment of one's own booking",
    action: "payment.getByBooking",
    params: BOOKING_ID,
    answer: PAYMENT_RESPONSE,
    errors: ["PAYMENT_NOT_FOUND"],
    access: "user",
    pathParams: id,
  },
  {
    method: "POST",
    path: "/api/bookings/:id/cancel",
    summary: "Give one's own pending booking up",
    action: "booking.cancel",
    params: BOOKING_ID,
    answer: BOOKING_RESPONSE,
    errors: ["BOOKING_NOT_FOUND", "BOOKING_NOT_CANCELLABLE"],
    repeated: "alike",
    access: "user",
    pathParams: id,
    body: "fields",
  },
  {
    method: "POST",
    path: "/api/venues",
    summary: "Import a seating plan",
    action: "catalog.importVenue",
    params: IMPORT_VENUE,
    answer: IMPORTED_VENUE,
    errors: ["SEATING_PLAN_INVALID"],
    access: "catalog:write",
    query: { duplicateGuids: "duplicateGuids", plan: "planId" },
    body: "plan",
    meta: keyed(bulkMs),
    status: 201,
    timeoutMs: bulkMs,
  },
  {
    method: "POST",
    path: "/api/events",
    summary: "Make an event on an imported venue, not yet announced",
    action: "catalog.createEvent",
    params: CREATE_EVENT,
    answer: EVENT_RESPONSE,
    errors: ["VENUE_NOT_FOUND", "PRICE_MISSING"],
    access: "catalog:write",
    body: "fields",
    meta: keyed(gatewayCallMs),
    status: 201,
    location: "/api/events",
  },
  {
    method: "POST",
    path: "/api/events/:id/publish",
    summary: "Announce an event and put it on sale",
    action: "catalog.publishEvent",
    params: EVENT_ID,
    answer: EVENT_RESPONSE,
    errors: EVENT_GONE,
    access: "catalog:write",
    pathParams: id,
    body: "fields",
    meta: keyed(bulkMs),
    timeoutMs: bulkMs,
  },
  {
    method: "POST",
    path: "/internal/events/:id/seats/validate",
    summary: "Tell which of these ids are seats of an event",
    action: "catalog.validateSeats",
    params: SEATS_OF_EVENT,
    answer: VALIDATED_SEATS,
    errors: EVENT_GONE,
    access: "internal",
    pathParams: eventId,
    body: "fields",
  },
  {
    method: "POST",
    path: "/internal/events/:id/seats/prices",
    summary: "Price seats of an event",
    action: "catalog.priceSeats",
    params: SEATS_OF_EVENT,
    answer: PRICED_SEATS,
    errors: ["EVENT_NOT_FOUND", "SEAT_NOT_FOUND"],
    access: "internal",
    pathParams: eventId,
    body: "fields",
  },
  {
    method: "POST",
    path: "/webhooks/payments",
    summary: "Tell what became of a charge",
    action: "payment.receiveEvent",
    params: RECEIVE_EVENT,
    answer: EVENT_RECEIPT,
    errors: ["PAYMENT_NOT_FOUND"],
    access: "signed",
    headers: ["webhook-id", "webhook-timestamp", "webhook-signature"],
    body: "bytes",
    payload: PAYMENT_EVENT,
  },
];
