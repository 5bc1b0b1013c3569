import type { ServiceSchema } from "moleculer";
import { BY_EVENT } from "#broker/strategies/by-event.strategy.ts";
import { config } from "#config";
import {
  AVAILABILITY_QUERY,
  type AvailabilityQuery,
  BOOKING_ID,
  type BookingId,
  CREATE_BOOKING,
  type CreateBooking,
  PAGINATION_QUERY,
  type PaginationQuery,
} from "#contracts/booking.ts";
import { type Call, callerOf } from "#contracts/caller.ts";
import { EventixError } from "#contracts/errors.ts";
import {
  INSPECT_BOOKING,
  INSPECT_EVENT,
  INSPECT_SEAT,
  type InspectedBooking,
  type InspectedEvent,
  type InspectedFacts,
  type InspectedSeat,
} from "#contracts/inspection.ts";
import { ConsumerMixin } from "#mixins/consumer.mixin.ts";
import { DatabaseMixin } from "#mixins/database.mixin.ts";
import type { DependencyWatch } from "#mixins/dependency-watch.ts";
import { factsClient } from "#mixins/facts-client.ts";
import { pruneKeys } from "#mixins/idempotency-keys.repository.ts";
import { OutboxMixin } from "#mixins/outbox.mixin.ts";
import { keepDays } from "#mixins/processed-days.ts";
import { ScheduleMixin } from "#mixins/schedule.mixin.ts";
import { UpkeepMixin } from "#mixins/upkeep.mixin.ts";
import type { Released } from "./booking.changes.ts";
import { BookingDesk, SEATS_RELEASED } from "./booking.desk.ts";
import { findById, findByUserId } from "./booking.repository.ts";
import { checkTransitions } from "./booking.transitions.ts";
import { cancelBooking } from "./booking-cancel.ts";
import { readHistory } from "./booking-history.ts";
import { eventPublishedConsumer } from "./event-published.consumer.ts";
import { toHold } from "./hold.request.ts";
import { inspectBooking, inspectEvent, inspectSeat } from "./inspection.repository.ts";
import { paymentResultConsumer } from "./payment-result.consumer.ts";

const service = "booking";
const deskOf = (self: object) => (self as { desk: BookingDesk }).desk;

/** Moleculer stops mixins in the order in which they are listed, before the service itself: the desk goes before its database. */
const DeskMixin: Partial<ServiceSchema> = {
  started() {
    return deskOf(this).start();
  },
  stopped() {
    return deskOf(this).stop();
  },
};

/** Sells the seats of events: holds them, ends the holds, and tells what is left. */
export default {
  name: service,
  mixins: [
    ConsumerMixin({ service, consumer: (self) => eventPublishedConsumer(() => deskOf(self).provisioner.wake()) }),
    ConsumerMixin({
      service,
      consumer: (self) => paymentResultConsumer((released) => deskOf(self).announce(released)),
    }),
    ScheduleMixin({ name: "booking.sweep", everyMs: 60_000, run: async (self) => void (await deskOf(self).sweep()) }),
    ScheduleMixin({ name: "booking.due", everyMs: 1_000, run: (self) => deskOf(self).sweepWhenDue() }),
    DeskMixin,
    UpkeepMixin({ service, tasks: [keepDays, pruneKeys] }),
    OutboxMixin(),
    DatabaseMixin({ service, url: config.bookingDatabaseUrl }),
  ],

  actions: {
    create: {
      access: "user",
      strategy: BY_EVENT,
      params: CREATE_BOOKING,
      async handler(ctx: Call<CreateBooking>) {
        const { hold, answer } = toHold(ctx);
        await deskOf(this).actors.offer(hold);
        const { booking, replayed } = await answer;
        if (replayed) ctx.meta.idempotencyReplayed = true;
        return booking;
      },
    },

    get: {
      access: "user",
      params: BOOKING_ID,
      async handler(ctx: Call<BookingId>) {
        const booking = await findById(this.pool, ctx.params.id, callerOf(ctx).id);
        if (!booking) throw new EventixError("BOOKING_NOT_FOUND");
        return booking;
      },
    },

    listMine: {
      access: "user",
      params: PAGINATION_QUERY,
      handler(ctx: Call<PaginationQuery>) {
        return findByUserId(this.pool, callerOf(ctx).id, ctx.params);
      },
    },

    cancel: {
      access: "user",
      params: BOOKING_ID,
      async handler(ctx: Call<BookingId>) {
        const own = { bookingId: ctx.params.id, userId: callerOf(ctx).id };
        const { booking, released } = await cancelBooking(this.pool, own);
        deskOf(this).announce(released);
        return booking;
      },
    },

    availability: {
      access: "anyone",
      // Of all gateways on one node, where they share a read.
      strategy: BY_EVENT,
      params: AVAILABILITY_QUERY,
      async handler(ctx: Call<AvailabilityQuery>) {
        await deskOf(this).directory.require(ctx.params.eventId);
        return deskOf(this).availability.get(ctx.params);
      },
    },

    sweep: {
      access: "ops:write",
      handler() {
        return deskOf(this).sweep();
      },
    },

    inspect: {
      access: "ops:read",
      params: INSPECT_BOOKING,
      async handler(ctx: Call<BookingId>): Promise<InspectedBooking> {
        const booking = await inspectBooking(this.pool, ctx.params.id);
        if (!booking) throw new EventixError("BOOKING_NOT_FOUND");
        return booking;
      },
    },

    facts: {
      access: "ops:read",
      params: INSPECT_BOOKING,
      async handler(ctx: Call<BookingId>): Promise<InspectedFacts> {
        const booking = await inspectBooking(this.pool, ctx.params.id);
        if (!booking) throw new EventixError("BOOKING_NOT_FOUND");
        return readHistory(this.pool, factsClient("booking.inspection", this.logger), booking);
      },
    },

    inspectEvent: {
      access: "ops:read",
      params: INSPECT_EVENT,
      async handler(ctx: Call<{ eventId: string }>): Promise<InspectedEvent> {
        const event = await inspectEvent(this.pool, ctx.params.eventId);
        if (!event) throw new EventixError("EVENT_NOT_FOUND");
        return event;
      },
    },

    inspectSeat: {
      access: "ops:read",
      params: INSPECT_SEAT,
      async handler(ctx: Call<{ eventId: string; seatId: string }>): Promise<InspectedSeat> {
        const seat = await inspectSeat(this.pool, ctx.params.eventId, ctx.params.seatId);
        if (!seat) throw new EventixError("SEAT_NOT_FOUND");
        return seat;
      },
    },
  },

  events: {
    [SEATS_RELEASED](ctx: Call<Released[]>) {
      for (const { eventId, seats } of ctx.params) deskOf(this).actors.released(eventId, seats);
    },
  },

  created() {
    checkTransitions();
    const { pool, broker, logger, databaseWatch } = this;
    const isAway = () => (databaseWatch as DependencyWatch).isDown;
    this.desk = new BookingDesk({ pool, broker, logger, isAway, wakeRelay: () => this.wakeRelay() });
  },
} as ServiceSchema;
