import knex from "knex";
import type { Service, ServiceSchema } from "moleculer";
import { knexSnakeCaseMappers } from "objection";
import { config } from "#config";
import type { Page, PaginationQuery } from "#contracts/booking.ts";
import { type Call, callerOf } from "#contracts/caller.ts";
import {
  CREATE_EVENT,
  type CreateEvent,
  EVENT_ID,
  type EventResponse,
  GET_TERMS,
  IMPORT_VENUE,
  type ImportedVenue,
  type ImportVenue,
  LIST_EVENTS,
  LIST_SEATS,
  type ListSeats,
  type PricedSeats,
  SEATS_OF_EVENT,
  type SeatMap,
  type SeatPage,
  type SeatsOfEvent,
  type ValidatedSeats,
} from "#contracts/catalog.ts";
import { EventixError } from "#contracts/errors.ts";
import type { FactData } from "#contracts/events.ts";
import { INSPECT_SEATS, type SeatPlace } from "#contracts/inspection.ts";
import { DatabaseMixin } from "#mixins/database.mixin.ts";
import { pruneKeys } from "#mixins/idempotency-keys.repository.ts";
import { OutboxMixin } from "#mixins/outbox.mixin.ts";
import { UpkeepMixin } from "#mixins/upkeep.mixin.ts";
import { findPublished, findTerms } from "./event.repository.ts";
import { createEvent } from "./event-creation.ts";
import { listEvents } from "./event-list.ts";
import { publishEvent } from "./event-publication.ts";
import { answerOnce } from "./idempotency.ts";
import { findPlaces } from "./inspection.repository.ts";
import { listSeats, priceSeats, validateSeats } from "./seat-lookup.ts";
import { SeatMaps } from "./seat-map.ts";
import { importVenue } from "./venue-import.ts";

type ById = Call<{ id: string }>;
const { bulkMs } = config.timeouts;

/** The value, or EVENT_NOT_FOUND where there is none. */
async function eventOr404<T>(found: Promise<T | undefined>): Promise<T> {
  const value = await found;
  if (value === undefined) throw new EventixError("EVENT_NOT_FOUND");
  return value;
}

const toDebug =
  ({ logger }: Service) =>
  (...said: unknown[]) =>
    logger.debug("knex:", ...said);

/**
 * Venues, their seats, and the events on them. Only published events are there for the public and for other services;
 * venues and drafts only for their organizer, to all others they are what does not exist.
 */
export default {
  name: "catalog",
  mixins: [
    UpkeepMixin({ service: "catalog", tasks: [pruneKeys] }),
    OutboxMixin(),
    DatabaseMixin({ service: "catalog", url: config.catalogDatabaseUrl, longestMs: bulkMs }),
  ],

  actions: {
    listEvents: {
      access: "anyone",
      params: LIST_EVENTS,
      handler(ctx: Call<PaginationQuery>): Promise<Page<EventResponse>> {
        return listEvents(this.db, ctx.params);
      },
    },
    getEvent: {
      access: "anyone",
      params: EVENT_ID,
      handler(ctx: ById): Promise<EventResponse> {
        return eventOr404(findPublished(this.db, ctx.params.id));
      },
    },
    getSeatMap: {
      access: "anyone",
      params: EVENT_ID,
      handler(ctx: ById): Promise<SeatMap> {
        return eventOr404((this.seatMaps as SeatMaps).get(ctx.params.id));
      },
    },
    importVenue: {
      access: "catalog:write",
      params: IMPORT_VENUE,
      timeout: bulkMs,
      handler(ctx: Call<ImportVenue>): Promise<ImportedVenue> {
        return answerOnce(ctx, this.pool, "POST /api/venues", (transact) =>
          importVenue(transact, callerOf(ctx).organizer, ctx.params),
        );
      },
    },
    createEvent: {
      access: "catalog:write",
      params: CREATE_EVENT,
      handler(ctx: Call<CreateEvent>): Promise<EventResponse> {
        return answerOnce(ctx, this.pool, "POST /api/events", (transact) =>
          createEvent({ db: this.db, transact }, callerOf(ctx).organizer, ctx.params),
        );
      },
    },
    publishEvent: {
      access: "catalog:write",
      params: EVENT_ID,
      timeout: bulkMs,
      async handler(ctx: ById): Promise<EventResponse> {
        const { id } = ctx.params;
        const published = await answerOnce(ctx, this.pool, `POST /api/events/${id}/publish`, (transact) =>
          publishEvent({ db: this.db, transact }, callerOf(ctx).organizer, id, {
            correlationid: ctx.requestID ?? undefined,
          }),
        );
        this.wakeRelay();
        return published;
      },
    },
    listSeats: {
      access: "internal",
      params: LIST_SEATS,
      handler(ctx: Call<ListSeats>): Promise<SeatPage> {
        return listSeats(this.pool, ctx.params);
      },
    },
    validateSeats: {
      access: "internal",
      params: SEATS_OF_EVENT,
      handler(ctx: Call<SeatsOfEvent>): Promise<ValidatedSeats> {
        return validateSeats(this.db, ctx.params);
      },
    },
    priceSeats: {
      access: "internal",
      params: SEATS_OF_EVENT,
      handler(ctx: Call<SeatsOfEvent>): Promise<PricedSeats> {
        return priceSeats(this as never, ctx.params);
      },
    },
    getTerms: {
      access: "internal",
      params: GET_TERMS,
      handler(ctx: Call<{ eventId: string }>): Promise<FactData<"event.published">> {
        return eventOr404(findTerms(this.pool, ctx.params.eventId));
      },
    },
    inspectSeats: {
      access: "ops:read",
      params: INSPECT_SEATS,
      handler(ctx: Call<{ eventId: string; seats: string[] }>): Promise<SeatPlace[]> {
        return findPlaces(this.pool, ctx.params.eventId, ctx.params.seats);
      },
    },
  },

  created() {
    // Models read through the service's one pool. knex lends connections without listening for their loss, which would end
    // the process.
    this.pool.on("connect", (client: { on(event: "error", listener: () => void): void }) =>
      client.on("error", () => {}),
    );
    this.db = knex({
      client: "pg",
      connectionPool: this.pool,
      // Its errors would carry the values of the statement, and it would write to the console what whoever asked is told too.
      compileSqlOnError: false,
      log: { warn: toDebug(this), error: toDebug(this), debug: toDebug(this), deprecate: toDebug(this) },
      ...knexSnakeCaseMappers(),
    });
    this.seatMaps = new SeatMaps(this.pool);
  },
} as ServiceSchema;
