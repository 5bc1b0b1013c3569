import { PAGINATION_QUERY } from "./booking.ts";
import { count, currency, type Infer, instant, minor, uuid } from "./schema.ts";

const name = { type: "string", min: 1, max: 190, trim: true } as const;

export const EVENT_ID = { $$strict: true, id: uuid } as const;

export const LIST_EVENTS = PAGINATION_QUERY;

/** POST /api/venues: the body is `plan` as it is, the other two come from the query (`?duplicateGuids=qualify&plan=ID`). */
export const IMPORT_VENUE = {
  $$strict: true,
  /** pretix's seating plan, or an API reply of pretix that wraps one or more. Checked by its own rules, not here. */
  plan: { type: "any", optional: true },
  /** Makes guids that repeat unique with zone and row, instead of refusing the plan. */
  duplicateGuids: { type: "enum", values: ["qualify"], optional: true },
  /** Which plan of an API reply that holds several. */
  planId: { type: "string", min: 1, max: 190, convert: true, optional: true },
} as const;
export type ImportVenue = Infer<typeof IMPORT_VENUE>;

/** POST /api/events: an event on an imported venue, not yet announced. */
export const CREATE_EVENT = {
  $$strict: true,
  venueId: uuid,
  name,
  startsAt: instant,
  currency,
  /** Minor units by category name: each category that has seats, and no other. */
  prices: { type: "record", key: { type: "string", min: 1, max: 190 }, value: minor },
  holdSeconds: { type: "number", integer: true, min: 1, max: 86_400, optional: true },
  maxSeats: { type: "number", integer: true, min: 1, max: 100, optional: true },
  saleFrom: { ...instant, optional: true, nullable: true },
  saleUntil: { ...instant, optional: true, nullable: true },
  /** For samples whose id is known beforehand; the same id again changes nothing. */
  id: { ...uuid, optional: true },
} as const;
export type CreateEvent = Infer<typeof CREATE_EVENT>;

export interface EventResponse {
  id: string;
  name: string;
  startsAt: string;
  venue: { id: string; name: string };
  currency: string;
  priceMinMinor: number;
  priceMaxMinor: number;
  status: "DRAFT" | "PUBLISHED";
}

export interface SeatMap {
  version: number;
  zones: {
    name: string;
    rows: {
      name: string;
      seats: {
        id: string;
        index: number;
        number: string;
        x: number;
        y: number;
        category: string;
        priceMinor: number;
      }[];
    }[];
  }[];
}

/** catalog.listSeats: how booking provisions an event, 5,000 seats a page by seat_index. */
export const LIST_SEATS = {
  $$strict: true,
  eventId: uuid,
  /** Seats with an index above this; -1 for the first page. */
  afterIndex: { type: "number", integer: true, min: -1 },
} as const;
export type ListSeats = Infer<typeof LIST_SEATS>;
export const SEATS_PAGE_SIZE = 5_000;

export const SEAT_PRICE = { seatId: uuid, index: count, priceMinor: minor } as const;
export type SeatPrice = Infer<typeof SEAT_PRICE>;

export interface SeatPage {
  seats: SeatPrice[];
  /** The index to ask on from; null when this was the last page. */
  nextAfterIndex: number | null;
}

/** catalog.validateSeats, catalog.priceSeats. */
export const SEATS_OF_EVENT = {
  $$strict: true,
  eventId: uuid,
  seatIds: { type: "array", min: 1, max: 1_000, items: uuid },
} as const;
export type SeatsOfEvent = Infer<typeof SEATS_OF_EVENT>;

/** catalog.getTerms: the published terms as event.published carries them, for booking when it meets an unknown event. */
export const GET_TERMS = { $$strict: true, eventId: uuid } as const;

/** catalog.validateSeats: the asked-for ids, each once, in the order asked. */
export interface ValidatedSeats {
  valid: string[];
  unknown: string[];
}

/** catalog.priceSeats: one entry for each distinct id, in the order asked; an unknown one is SEAT_NOT_FOUND. */
export interface PricedSeats {
  currency: string;
  prices: { seatId: string; priceMinor: number; category: string }[];
}

export interface ImportedVenue {
  venueId: string;
  version: number;
  name: string;
  seats: number;
  /** Those that have seats: what createEvent wants prices for. */
  categories: { name: string; seats: number }[];
  /** The first PLAN_PROBLEMS_LISTED of them. */
  warnings: PlanProblem[];
  warningCount: number;
}

/** Details of SEATING_PLAN_INVALID. */
export interface PlanRefusal {
  /** The first PLAN_PROBLEMS_LISTED of them. */
  errors: PlanProblem[];
  errorCount: number;
}

/** How many errors and how many warnings of one plan are listed; all are counted. */
export const PLAN_PROBLEMS_LISTED = 1_000;

/** One finding in a seating plan, with its place in the file. */
export interface PlanProblem {
  /** JSON path, as `zones[0].rows[3].seats[7]`. */
  path: string;
  zone: string | null;
  row: string | null;
  seat: string | null;
  message: string;
}
