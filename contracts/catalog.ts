import { PAGINATION_QUERY } from "./booking.ts";
import { count, currency, type Infer, instant, minor, uuid } from "./schema.ts";

/** One line of text without control characters. Postgres refuses a NUL, and would keep half a surrogate pair as another character. */
const name = {
  type: "string",
  min: 1,
  max: 190,
  trim: true,
  pattern: /^[^\p{Cc}\p{Cs}]*$/u,
  messages: { stringPattern: "must be one line of text without control characters" },
} as const;

export const EVENT_ID = { $$strict: true, id: { ...uuid, description: "The event." } } as const;

export const LIST_EVENTS = PAGINATION_QUERY;

/** POST /api/venues: the body is `plan` as it is, the other two come from the query (`?duplicateGuids=qualify&plan=ID`). */
export const IMPORT_VENUE = {
  $$strict: true,
  /** pretix's seating plan, or an API reply of pretix that wraps one or more. Checked by its own rules, not here. */
  plan: { type: "any", optional: true, description: "A seating plan in pretix's JSON." },
  /** Makes guids that repeat unique with zone and row, instead of refusing the plan. */
  duplicateGuids: {
    type: "enum",
    values: ["qualify"],
    optional: true,
    description: "`qualify` makes guids that repeat unique with zone and row, instead of refusing the plan.",
    example: "qualify",
  },
  /** Which plan of an API reply that holds several. */
  planId: {
    type: "string",
    min: 1,
    max: 190,
    convert: true,
    optional: true,
    description: "Which plan of an API reply that holds several.",
    example: "4",
  },
} as const;
export type ImportVenue = Infer<typeof IMPORT_VENUE>;

/** POST /api/events: an event on an imported venue, not yet announced. */
export const CREATE_EVENT = {
  $$strict: true,
  venueId: { ...uuid, description: "A venue of the organizer." },
  name: { ...name, description: "What is on.", example: "Opening night" },
  startsAt: { ...instant, description: "When it begins." },
  currency,
  prices: {
    type: "record",
    key: { type: "string", min: 1, max: 190 },
    value: minor,
    description: "Minor units by category name: each category that has seats, and no other.",
    example: { Stalls: 4500, Circle: 3000 },
  },
  holdSeconds: {
    type: "number",
    integer: true,
    min: 1,
    max: 86_400,
    optional: true,
    description: "How long seats are held for a booking that is not paid; `HOLD_SECONDS` when absent.",
    example: 600,
  },
  maxSeats: {
    type: "number",
    integer: true,
    min: 1,
    max: 100,
    optional: true,
    description: "Seats a booking; `MAX_SEATS_PER_BOOKING` when absent.",
    example: 10,
  },
  saleFrom: {
    ...instant,
    optional: true,
    nullable: true,
    description: "When the sale opens; at once when absent.",
    example: "2027-06-01T10:00:00.000Z",
  },
  saleUntil: { ...instant, optional: true, nullable: true, description: "When the sale closes; never when absent." },
  id: {
    ...uuid,
    optional: true,
    description: "For an event whose id is to be known beforehand; the same id again changes nothing.",
  },
} as const;
export type CreateEvent = Infer<typeof CREATE_EVENT>;

export const EVENT_RESPONSE = {
  id: { ...uuid, description: "The event." },
  name: { type: "string", description: "What is on.", example: "Opening night" },
  startsAt: { ...instant, description: "When it begins." },
  venue: {
    type: "object",
    description: "Where.",
    props: {
      id: { ...uuid, description: "The venue." },
      name: { type: "string", description: "Its name.", example: "Theatre" },
    },
  },
  currency,
  priceMinMinor: { ...minor, description: "The cheapest seat, in minor units.", example: 1900 },
  priceMaxMinor: { ...minor, description: "The dearest seat, in minor units.", example: 7900 },
  status: {
    type: "enum",
    values: ["DRAFT", "PUBLISHED"],
    description: "A DRAFT is seen by its organizer alone.",
    example: "PUBLISHED",
  },
} as const;
export type EventResponse = Infer<typeof EVENT_RESPONSE>;

const MAP_SEAT = {
  id: { ...uuid, description: "The seat." },
  index: { ...count, description: "Its place among the event's seats." },
  number: { type: "string", description: "Its number as the hall has it.", example: "7" },
  x: { type: "number", description: "Where it is, in the plan's units.", example: 120.5 },
  y: { type: "number", description: "Where it is, in the plan's units.", example: 80 },
  category: { type: "string", description: "Its category.", example: "Stalls" },
  priceMinor: { ...minor, description: "Its price in minor units." },
} as const;
const MAP_ROW = {
  name: { type: "string", description: "The row.", example: "C" },
  seats: { type: "array", description: "Its seats.", items: { type: "object", props: MAP_SEAT } },
} as const;
const MAP_ZONE = {
  name: { type: "string", description: "The zone.", example: "Stalls" },
  rows: { type: "array", description: "Its rows.", items: { type: "object", props: MAP_ROW } },
} as const;

/** The layout of an event: what does not change while it is sold. */
export const SEAT_MAP = {
  version: { ...count, description: "Rises when the terms change.", example: 1 },
  zones: { type: "array", description: "The parts of the hall.", items: { type: "object", props: MAP_ZONE } },
} as const;
export type SeatMap = Infer<typeof SEAT_MAP>;

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
  eventId: { ...uuid, description: "The event." },
  seatIds: {
    type: "array",
    min: 1,
    max: 1_000,
    items: uuid,
    description: "Ids to look up; a repeated one counts once.",
    example: [uuid.example],
  },
} as const;
export type SeatsOfEvent = Infer<typeof SEATS_OF_EVENT>;

/** catalog.getTerms: the published terms as event.published carries them, for booking when it meets an unknown event. */
export const GET_TERMS = { $$strict: true, eventId: uuid } as const;

/** catalog.validateSeats: the asked-for ids, each once, in the order asked. */
export const VALIDATED_SEATS = {
  valid: { type: "array", items: uuid, description: "Those that are seats of the event.", example: [uuid.example] },
  unknown: { type: "array", items: uuid, description: "Those that are not.", example: [] },
} as const;
export type ValidatedSeats = Infer<typeof VALIDATED_SEATS>;

/** catalog.priceSeats: one entry for each distinct id, in the order asked; an unknown one is SEAT_NOT_FOUND. */
export const PRICED_SEATS = {
  currency,
  prices: {
    type: "array",
    description: "One entry for each distinct id, in the order asked.",
    items: {
      type: "object",
      props: {
        seatId: { ...uuid, description: "The seat." },
        priceMinor: { ...minor, description: "Its price in minor units." },
        category: { type: "string", description: "Its category.", example: "Stalls" },
      },
    },
  },
} as const;
export type PricedSeats = Infer<typeof PRICED_SEATS>;

/** How many errors and how many warnings of one plan are listed, some 7 MB of them; all are counted. */
export const PLAN_PROBLEMS_LISTED = 20_000;

/** One finding in a seating plan, with its place in the file. */
export const PLAN_PROBLEM = {
  path: { type: "string", description: "JSON path in the plan.", example: "zones[0].rows[3].seats[7]" },
  zone: { type: "string", nullable: true, description: "The zone it is in, if any.", example: "Stalls" },
  row: { type: "string", nullable: true, description: "The row it is in, if any.", example: "C" },
  seat: { type: "string", nullable: true, description: "The seat it is about, if any.", example: "7" },
  message: { type: "string", description: "What is wrong, and what to do.", example: "The seat has no guid." },
} as const;
export type PlanProblem = Infer<typeof PLAN_PROBLEM>;

export const IMPORTED_VENUE = {
  venueId: { ...uuid, description: "The venue." },
  version: { ...count, description: "Which version of the venue this plan is.", example: 1 },
  name: { type: "string", description: "The plan's name.", example: "Theatre" },
  seats: { ...count, description: "How many seats it has.", example: 1207 },
  categories: {
    type: "array",
    description: "Those that have seats: what an event wants prices for.",
    items: {
      type: "object",
      props: {
        name: { type: "string", description: "The category.", example: "Stalls" },
        seats: { ...count, description: "How many seats are of it.", example: 554 },
      },
    },
  },
  warnings: {
    type: "array",
    description: `What looks odd and does no harm; the first ${PLAN_PROBLEMS_LISTED}.`,
    items: { type: "object", props: PLAN_PROBLEM },
  },
  warningCount: { ...count, description: "How many warnings there are." },
} as const;
export type ImportedVenue = Infer<typeof IMPORTED_VENUE>;

/** Details of SEATING_PLAN_INVALID. */
export const PLAN_REFUSAL = {
  errors: {
    type: "array",
    description: `What is wrong with the plan; the first ${PLAN_PROBLEMS_LISTED}.`,
    items: { type: "object", props: PLAN_PROBLEM },
  },
  errorCount: { ...count, description: "How many errors there are." },
} as const;
export type PlanRefusal = Infer<typeof PLAN_REFUSAL>;
