import { randomUUID } from "node:crypto";
import type { Pool } from "pg";
import { type Fact, type NewFact, newFact, parseFact } from "#contracts/events.ts";
import type { Topic } from "#contracts/topics.ts";
import { applyBatch } from "#mixins/apply-batch.ts";
import type { BatchConsumer } from "#mixins/batch-consumer.ts";
import { createPool } from "#mixins/database.mixin.ts";
import { attemptWorker } from "../../services/payment/attempt.worker.ts";
import { bookingCreatedConsumer } from "../../services/payment/booking-created.consumer.ts";
import { bookingEndedConsumer } from "../../services/payment/booking-ended.consumer.ts";
import { type MockOptions, mockProvider } from "../../services/payment/mock.provider.ts";
import type { PaymentProvider } from "../../services/payment/payment.provider.ts";
import { refundWorker } from "../../services/payment/refund.worker.ts";
import { refundDueConsumer } from "../../services/payment/refund-due.consumer.ts";
import { recordingLogger, recordOf } from "../facts/fixture.ts";
import { freshDatabase } from "../support/database.ts";
import { until } from "../support/until.ts";

export interface Booking {
  bookingId: string;
  eventId: string;
  userId: string;
  seatIds: string[];
  totalMinor: number;
}

export const aBooking = (userId = "alice"): Booking => ({
  bookingId: randomUUID(),
  eventId: randomUUID(),
  userId,
  seatIds: [randomUUID(), randomUUID()],
  totalMinor: 4_200,
});

const DEFAULTS = { successRate: 1, neverRate: 0, delayMs: 0, seed: "test" };

/** Payment's database, consumers and workers, without Kafka: facts go in by hand and are looked at in the outbox. */
export async function openPayment(
  wish: Partial<MockOptions> = {},
  change: (real: PaymentProvider) => PaymentProvider = (p) => p,
) {
  const databaseUrl = await freshDatabase("payment");
  const pool = createPool(databaseUrl, "test");
  const real = mockProvider({ ...DEFAULTS, ...wish, databaseUrl });
  const provider = change(real);
  const { logger, lines } = recordingLogger();
  const workers = () => {
    const options = { pool, provider, logger, onSettled: () => {} };
    return { attempts: attemptWorker(options), refunds: refundWorker({ ...options, providerOf }) };
  };
  const providerOf = (name: string) => {
    if (name === provider.name) return provider;
    throw new Error(`no provider ${name}`);
  };
  let running = workers();
  const consumers = {
    created: bookingCreatedConsumer(() => running.attempts.wake()) as BatchConsumer,
    ended: bookingEndedConsumer(() => running.attempts.wake()) as BatchConsumer,
    refundDue: refundDueConsumer(() => running.refunds.wake()) as BatchConsumer,
  };
  const stop = async () => void (await Promise.all([running.attempts.stop(), running.refunds.stop()]));
  return {
    pool,
    real,
    lines,
    deliver: (to: keyof typeof consumers, ...facts: NewFact[]) =>
      applyBatch({ pool, consumer: consumers[to], name: `payment.${consumers[to].name}` }, facts.map(recordOf)),
    start() {
      running = workers();
      running.attempts.start();
      running.refunds.start();
    },
    stop,
    async close() {
      await stop();
      await real.close();
      await pool.end();
    },
    announced: () => announced(pool),
    rows: async (sql: string) => (await pool.query(sql)).rows,
  };
}

export type Payment = Awaited<ReturnType<typeof openPayment>>;

async function announced(pool: Pool): Promise<Fact[]> {
  const { rows } = await pool.query("select topic, value from outbox order by id");
  return rows.map(({ topic, value }) => {
    const parsed = parseFact(topic, value);
    if (!parsed.ok) throw new Error(parsed.reason);
    return parsed.fact;
  });
}

/** The facts of one topic that were announced. */
export async function announcedOn<T extends Topic>(payment: Payment, topic: T): Promise<Fact<T>[]> {
  return (await payment.announced()).filter((fact) => fact.type === topic) as unknown as Fact<T>[];
}

/** Waits for the first fact of a topic. */
export const firstOn = <T extends Topic>(payment: Payment, topic: T): Promise<Fact<T>> =>
  until(async () => (await announcedOn(payment, topic))[0], { what: `a ${topic}` });

export function created(booking: Booking, { holdSeconds = 600, leftMs = 600_000 } = {}) {
  const { bookingId, eventId, userId, seatIds, totalMinor } = booking;
  const seats = seatIds.map((seatId) => ({ seatId, priceMinor: totalMinor / seatIds.length }));
  const expiresAt = new Date(Date.now() + leftMs).toISOString();
  const data = {
    bookingId,
    bookingVersion: 1,
    eventId,
    userId,
    seats,
    totalMinor,
    currency: "EUR",
    expiresAt,
    holdSeconds,
  };
  return newFact("booking.created", "eventix/booking", bookingId, data, { correlationid: `c-${bookingId}` });
}

export function expired({ bookingId, eventId, userId }: Booking) {
  const data = { bookingId, bookingVersion: 2, eventId, userId, reason: "EXPIRED" };
  return newFact("booking.expired", "eventix/booking", bookingId, data, { correlationid: `c-${bookingId}` });
}

export function refundDue({ bookingId, eventId, userId }: Booking, success: Fact<"payment.success">) {
  const { paymentId, captureId, amountMinor, currency } = success.data;
  const reason = "BOOKING_CANCELLED";
  const data = { bookingId, bookingVersion: 3, eventId, userId, paymentId, captureId, amountMinor, currency, reason };
  return newFact("booking.refund_due", "eventix/booking", bookingId, data, { correlationid: `c-${bookingId}` });
}
