import type { IncomingHttpHeaders } from "node:http";
import { config } from "#config";
import type { Access, CallMeta } from "#contracts/caller.ts";
import type { BodyKind } from "./body.ts";
import { holdMeta, keyed } from "./request-meta.ts";
import { AVAILABILITY, SEAT_MAP, type SharedAnswer } from "./shared-answers.ts";

/** One address of the API: which action answers it, and how request and answer are translated. */
export interface Endpoint {
  method: "GET" | "POST";
  path: string;
  action: string;
  access: Access;
  /** The action's param that each parameter of the path fills. */
  pathParams?: Readonly<Record<string, string>>;
  /** The action's param that each parameter of the query fills; others are refused. */
  query?: Readonly<Record<string, string>>;
  /** `fields` are the action's params; a `plan` is one of them. */
  body?: BodyKind;
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
}

const { gatewayCallMs, bulkMs } = config.timeouts;
export const CALL_TIMEOUT_MS = gatewayCallMs;

const id = { id: "id" } as const;
const eventId = { id: "eventId" } as const;
const page = { paged: true, query: { limit: "limit", cursor: "cursor" } } as const;

export const ENDPOINTS: readonly Endpoint[] = [
  { method: "GET", path: "/api/events", action: "catalog.listEvents", access: "anyone", ...page },
  { method: "GET", path: "/api/events/:id", action: "catalog.getEvent", access: "anyone", pathParams: id },
  {
    method: "GET",
    path: "/api/events/:id/seats",
    action: "catalog.getSeatMap",
    access: "anyone",
    pathParams: id,
    shared: SEAT_MAP,
  },
  {
    method: "GET",
    path: "/api/events/:id/availability",
    action: "booking.availability",
    access: "anyone",
    pathParams: eventId,
    shared: AVAILABILITY,
  },
  {
    method: "POST",
    path: "/api/bookings",
    action: "booking.create",
    access: "user",
    body: "fields",
    meta: holdMeta,
    status: 201,
    location: "/api/bookings",
  },
  { method: "GET", path: "/api/bookings/my", action: "booking.listMine", access: "user", ...page },
  { method: "GET", path: "/api/bookings/:id", action: "booking.get", access: "user", pathParams: id },
  {
    method: "GET",
    path: "/api/bookings/:id/payment",
    action: "payment.getByBooking",
    access: "user",
    pathParams: id,
  },
  {
    method: "POST",
    path: "/api/bookings/:id/cancel",
    action: "booking.cancel",
    access: "user",
    pathParams: id,
    body: "fields",
  },
  {
    method: "POST",
    path: "/api/venues",
    action: "catalog.importVenue",
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
    action: "catalog.createEvent",
    access: "catalog:write",
    body: "fields",
    meta: keyed(gatewayCallMs),
    status: 201,
    location: "/api/events",
  },
  {
    method: "POST",
    path: "/api/events/:id/publish",
    action: "catalog.publishEvent",
    access: "catalog:write",
    pathParams: id,
    body: "fields",
    meta: keyed(bulkMs),
    timeoutMs: bulkMs,
  },
  {
    method: "POST",
    path: "/internal/events/:id/seats/validate",
    action: "catalog.validateSeats",
    access: "internal",
    pathParams: eventId,
    body: "fields",
  },
  {
    method: "POST",
    path: "/internal/events/:id/seats/prices",
    action: "catalog.priceSeats",
    access: "internal",
    pathParams: eventId,
    body: "fields",
  },
];
