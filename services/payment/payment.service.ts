import type { ServiceSchema } from "moleculer";
import { config } from "#config";
import { BOOKING_ID, type BookingId, type PaymentResponse } from "#contracts/booking.ts";
import { type Call, callerOf } from "#contracts/caller.ts";
import { EventixError } from "#contracts/errors.ts";
import { INSPECT_PAYMENT, type InspectedPayment } from "#contracts/inspection.ts";
import { type EventReceipt, RECEIVE_EVENT, type ReceiveEvent } from "#contracts/payment-event.ts";
import { ConsumerMixin } from "#mixins/consumer.mixin.ts";
import { DatabaseMixin } from "#mixins/database.mixin.ts";
import { OutboxMixin } from "#mixins/outbox.mixin.ts";
import { keepDays } from "#mixins/processed-days.ts";
import { UpkeepMixin } from "#mixins/upkeep.mixin.ts";
import type { AttemptJob } from "./attempt.repository.ts";
import { attemptWorker } from "./attempt.worker.ts";
import { bookingCreatedConsumer } from "./booking-created.consumer.ts";
import { bookingEndedConsumer } from "./booking-ended.consumer.ts";
import type { RefundJob } from "./capture.repository.ts";
import { inspect } from "./inspection.ts";
import type { JobLoop } from "./job-loop.ts";
import { findByBooking } from "./payment.repository.ts";
import { receiveEvent } from "./payment-events.ts";
import { forgetEvents } from "./provider-event.repository.ts";
import { Providers } from "./providers.ts";
import { refundWorker } from "./refund.worker.ts";
import { refundDueConsumer } from "./refund-due.consumer.ts";
import { WebhookSecrets } from "./webhook-secrets.ts";

const service = "payment";

/** The part of the service that its consumers know. */
type Workers = { attempts: JobLoop<AttemptJob>; refunds: JobLoop<RefundJob> };
const workersOf = (self: object) => self as Workers;

/** Takes and gives back money: told by booking's facts what to do, answering with facts of its own. */
export default {
  name: service,
  mixins: [
    ConsumerMixin({ service, consumer: (self) => bookingCreatedConsumer(() => workersOf(self).attempts.wake()) }),
    ConsumerMixin({ service, consumer: (self) => bookingEndedConsumer(() => workersOf(self).attempts.wake()) }),
    ConsumerMixin({ service, consumer: (self) => refundDueConsumer(() => workersOf(self).refunds.wake()) }),
    UpkeepMixin({ service, tasks: [keepDays, forgetEvents] }),
    OutboxMixin(),
    DatabaseMixin({ service, url: config.paymentDatabaseUrl }),
  ],

  actions: {
    getByBooking: {
      access: "user",
      params: BOOKING_ID,
      async handler(ctx: Call<BookingId>): Promise<PaymentResponse> {
        const payment = await findByBooking(this.pool, ctx.params.id, callerOf(ctx).id);
        if (!payment) throw new EventixError("PAYMENT_NOT_FOUND");
        return payment;
      },
    },

    /** Whatever provider is in use now: what was charged by the one before is told still. */
    receiveEvent: {
      access: "signed",
      params: RECEIVE_EVENT,
      handler(ctx: Call<ReceiveEvent>): Promise<EventReceipt> {
        const { pool, secrets, logger } = this;
        return receiveEvent({ pool, secrets, logger, onSettled: () => this.wakeRelay() }, ctx.params);
      },
    },

    inspect: {
      access: "ops:read",
      params: INSPECT_PAYMENT,
      async handler(ctx: Call<{ bookingId: string }>): Promise<InspectedPayment> {
        const payment = await inspect(this.pool, this.provider, ctx.params.bookingId);
        if (!payment) throw new EventixError("PAYMENT_NOT_FOUND");
        return payment;
      },
    },
  },

  created() {
    this.providers = new Providers();
    this.provider = this.providers.current;
    const { pool, provider, logger } = this;
    const { paymentWebhookSecrets: fixed, paymentWebhookSecretsFile: file } = config;
    this.secrets = new WebhookSecrets({ fixed, file, logger });
    const options = { pool, provider, logger, onSettled: () => this.wakeRelay() };
    this.attempts = attemptWorker(options);
    this.refunds = refundWorker({ ...options, providerOf: (name) => this.providers.of(name) });
  },

  started() {
    this.attempts.start();
    this.refunds.start();
  },

  async stopped() {
    await Promise.all([this.attempts.stop(), this.refunds.stop()]);
    await this.providers.close();
  },
} as ServiceSchema;
