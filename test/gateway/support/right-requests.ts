import type { Schema } from "#contracts/schema.ts";
import { signed } from "#stack/provider/deliveries.ts";
import booking from "../../../services/booking/booking.service.ts";
import catalog from "../../../services/catalog/catalog.service.ts";
import { ENDPOINTS, type Endpoint } from "../../../services/gateway/routes.ts";
import payment from "../../../services/payment/payment.service.ts";
import { tokenFor } from "../../support/token.ts";
import type { Asked } from "./asked.ts";
import { type Ids, OLGA, planOf, SERVICE, termsOf, WEBHOOK_SECRET } from "./attacked.ts";

/** What a right request says. */
export interface Said {
  token?: string;
  path?: Record<string, string>;
  query?: Record<string, string>;
  body?: Record<string, unknown>;
}

/** A route with its right request, and where that says whose thing it is about. */
export interface Case {
  route: string;
  endpoint: Endpoint;
  /** The schema of the action's params. */
  schema: Schema;
  said: Said;
  id?: { in: "path" | "body"; name: string; others: string };
}

const ALICE = tokenFor("alice");
type Right = (ids: Ids) => Said & { id?: Case["id"] };

const ofEvent: Right = ({ event, others }) => ({
  path: { id: event },
  id: { in: "path", name: "id", others: others.draft },
});
const ofBooking: Right = ({ booking, others }) => ({
  token: ALICE,
  path: { id: booking },
  id: { in: "path", name: "id", others: others.booking },
});
const ofSeats: Right = (ids) => ({ ...ofEvent(ids), token: SERVICE, body: { seatIds: ids.seats.slice(0, 2) } });

const RIGHT: Record<string, Right> = {
  "GET /api/events": () => ({ query: { limit: "5" } }),
  "GET /api/events/:id": ofEvent,
  "GET /api/events/:id/seats": ofEvent,
  "GET /api/events/:id/availability": ofEvent,
  "POST /api/bookings": ({ event, seats, others }) => ({
    token: ALICE,
    body: { eventId: event, seatIds: seats.slice(0, 2) },
    id: { in: "body", name: "eventId", others: others.draft },
  }),
  "GET /api/bookings/my": () => ({ token: ALICE, query: { limit: "5" } }),
  "GET /api/bookings/:id": ofBooking,
  "GET /api/bookings/:id/payment": ofBooking,
  "POST /api/bookings/:id/cancel": (ids) => ({ ...ofBooking(ids), body: {} }),
  "POST /api/venues": () => ({ token: OLGA, body: planOf("Olga's second hall") }),
  "POST /api/events": ({ venue, others }) => ({
    token: OLGA,
    body: termsOf(venue),
    id: { in: "body", name: "venueId", others: others.venue },
  }),
  "POST /api/events/:id/publish": ({ draft, others }) => ({
    token: OLGA,
    path: { id: draft },
    body: {},
    id: { in: "path", name: "id", others: others.draft },
  }),
  "POST /internal/events/:id/seats/validate": ofSeats,
  "POST /internal/events/:id/seats/prices": ofSeats,
  "POST /webhooks/payments": () => ({ body: { type: "account.updated" } }),
};

/** A table in which the right request writes a row, where it does. */
export const WRITES: Record<string, string> = {
  "POST /api/bookings": "booking.bookings",
  "POST /api/bookings/:id/cancel": "booking.bookings",
  "POST /api/venues": "catalog.venues",
  "POST /api/events": "catalog.events",
  "POST /api/events/:id/publish": "catalog.events",
};

type Actions = Record<string, { params?: Schema }>;
const ACTIONS: Record<string, Actions> = Object.fromEntries(
  [booking, catalog, payment].map(({ name, actions }) => [name, actions as Actions]),
);

export const routeOf = ({ method, path }: Endpoint): string => `${method} ${path}`;

/** A route that has no right request here cannot be asked wrongly: it fails at once. */
export const casesOf = (ids: Ids): Case[] =>
  ENDPOINTS.map((endpoint) => {
    const route = routeOf(endpoint);
    const right = RIGHT[route];
    const [service = "", action = ""] = endpoint.action.split(".");
    const schema = ACTIONS[service]?.[action]?.params;
    if (!right || !schema) throw new Error(`${route} has no right request, or ${endpoint.action} no params`);
    const { id, ...said } = right(ids);
    return { route, endpoint, schema, said, ...(id && { id }) };
  });

/** The request as it goes over the wire. */
export function toAsked({ endpoint }: Case, { token, path = {}, query = {}, body }: Said): Asked {
  const signature = endpoint.access === "signed" && signed("evt_1", body ?? {}, [WEBHOOK_SECRET]).headers;
  const search = new URLSearchParams(query).toString();
  const filled = endpoint.path.replace(/:(\w+)/g, (_, name) => encodeURIComponent(path[name] ?? ""));
  return {
    method: endpoint.method,
    path: search ? `${filled}?${search}` : filled,
    headers: {
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(body && { "content-type": "application/json" }),
      ...signature,
    },
    ...(body && { body: JSON.stringify(body) }),
  };
}
