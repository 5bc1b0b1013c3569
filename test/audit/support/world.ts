import { randomUUID } from "node:crypto";
import { Kafka, logLevel } from "kafkajs";
import pg from "pg";
import { type AuditReport, audit } from "../../../cli/audit/audit.ts";
import type { ProviderAccess } from "../../../cli/audit/webhook-book.ts";
import { adminUrl, freshDatabase } from "../../support/database.ts";

/** Ids that a story is about. */
export interface Told {
  eventId: string;
  bookingId: string;
  seatIds: string[];
  captureId: string;
  paymentId: string;
  providerRef: string;
}

/** Two databases of a test's own, written by hand as the services would, or as they never should. */
export interface World {
  booking: pg.Client;
  payment: pg.Client;
  urls: { bookingUrl: string; paymentUrl: string };
  audit(settleMs?: number, provider?: ProviderAccess): Promise<AuditReport>;
  /** A booking of two seats, 2,500 each, confirmed and paid. */
  confirmed(): Promise<Told>;
  /** The same, then cancelled by its buyer while it was being paid, and its money given back. */
  refunded(): Promise<Told>;
  close(): Promise<void>;
}

const GROUPS = {
  "eventix.booking.payment-result": ["payment.success", "payment.failed"],
  "eventix.payment.refund-due": ["booking.refund_due"],
};

/** As superuser, so that a test can take a guard away before it breaks what the guard protects. */
async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: adminUrl(new URL(url).pathname.slice(1)) });
  await client.connect();
  return client;
}

export async function makeWorld(): Promise<World> {
  const [bookingUrl, paymentUrl] = [await freshDatabase("booking"), await freshDatabase("payment")];
  const [booking, payment] = [await connect(bookingUrl), await connect(paymentUrl)];
  const kafka = { brokers: (process.env.KAFKA_BROKERS as string).split(",") };
  const confirmed = () => confirm(booking, payment);
  return {
    booking,
    payment,
    urls: { bookingUrl, paymentUrl },
    audit: (settleMs, provider) =>
      audit({ bookingUrl, paymentUrl, kafka, provider, ...(settleMs !== undefined && { settleMs }) }),
    confirmed,
    async refunded() {
      const told = await confirmed();
      await cancel(booking, told);
      await giveBack(payment, told);
      return told;
    },
    async close() {
      await Promise.all([booking.end(), payment.end()]);
    },
  };
}

async function confirm(booking: pg.Client, payment: pg.Client): Promise<Told> {
  const [eventId, bookingId, captureId, paymentId] = [randomUUID(), randomUUID(), randomUUID(), randomUUID()];
  const seatIds = [randomUUID(), randomUUID()];
  const providerRef = `mock_${randomUUID()}`;
  await booking.query(
    `insert into bookings (event_id, id, organizer_id, user_id, status, version, total_minor, currency, expires_at,
       ticket_reference, capture_id, correlation_id, created_at, updated_at)
     values ($1, $2, 'o', 'u', 'CONFIRMED', 2, 5000, 'EUR', now() + interval '10 min', $3, $4, 'c', now(), now())`,
    [eventId, bookingId, randomUUID().slice(0, 14), captureId],
  );
  for (const [i, seatId] of seatIds.entries()) {
    await booking.query(
      "insert into booking_items (event_id, booking_id, seat_id, price_minor) values ($1, $2, $3, 2500)",
      [eventId, bookingId, seatId],
    );
    await booking.query(
      `insert into seat_inventory (event_id, seat_id, seat_index, price_minor, status, booking_id, version)
       values ($1, $2, $3, 2500, 'BOOKED', $4, 2)`,
      [eventId, seatId, i, bookingId],
    );
  }
  await payment.query(
    `insert into payments (id, booking_id, status, event_id, user_id, seat_ids, amount_minor, currency, expires_at, start_by)
     values ($1, $2, 'SUCCEEDED', $3, 'u', $4, 5000, 'EUR', now(), now())`,
    [paymentId, bookingId, eventId, seatIds],
  );
  await payment.query("insert into attempts (payment_id, number, state) values ($1, 1, 'TAKEN')", [paymentId]);
  await payment.query(
    `insert into mock_ledger (key, kind, state, ready_at, amount_minor, currency, provider_ref)
     values ($1, 'CHARGE', 'TAKEN', now(), 5000, 'EUR', $2)`,
    [`${paymentId}:1`, providerRef],
  );
  await payment.query(
    `insert into captures (id, payment_id, booking_id, event_id, provider, provider_ref, amount_minor, currency)
     values ($1, $2, $3, $4, 'mock', $5, 5000, 'EUR')`,
    [captureId, paymentId, bookingId, eventId, providerRef],
  );
  return { eventId, bookingId, seatIds, captureId, paymentId, providerRef };
}

async function cancel(booking: pg.Client, { bookingId }: Told): Promise<void> {
  await booking.query(
    `update bookings set status = 'CANCELLED', reason = 'BY_USER', version = 4, ticket_reference = null, capture_id = null
     where id = $1`,
    [bookingId],
  );
  await booking.query("update booking_items set released_at = now() where booking_id = $1", [bookingId]);
  await booking.query("update seat_inventory set status = 'AVAILABLE', booking_id = null where booking_id = $1", [
    bookingId,
  ]);
}

export async function giveBack(payment: pg.Client, { captureId, providerRef }: Told): Promise<void> {
  await payment.query("update captures set status = 'REFUNDED' where id = $1", [captureId]);
  await payment.query(
    `insert into mock_ledger (key, kind, state, ready_at, amount_minor, currency, provider_ref, refund_of)
     values ($1, 'REFUND', 'REFUNDED', now(), 5000, 'EUR', $2, $3)`,
    [`${captureId}:refund:${randomUUID()}`, `mock_${randomUUID()}`, providerRef],
  );
}

/** Consumers that have applied all there is: their offsets are put to the ends of their topics. */
export async function catchUp(): Promise<void> {
  const kafka = new Kafka({ brokers: (process.env.KAFKA_BROKERS as string).split(","), logLevel: logLevel.NOTHING });
  const admin = kafka.admin();
  await admin.connect();
  await Promise.all(
    Object.entries(GROUPS).map(async ([groupId, topics]) => {
      const ends = await Promise.all(
        topics.map(async (topic) =>
          (await admin.fetchTopicOffsets(topic)).map(({ partition, high }) => ({ topic, partition, offset: high })),
        ),
      );
      await commitAsMember(kafka, groupId, topics, ends.flat());
    }),
  );
  await admin.disconnect();
}

type Offset = { topic: string; partition: number; offset: string };

/** admin.setOffsets does the same, and then waits five seconds for the last fetch of each topic. */
async function commitAsMember(kafka: Kafka, groupId: string, topics: readonly string[], offsets: Offset[]) {
  const consumer = kafka.consumer({ groupId, maxWaitTimeInMs: 20 });
  await consumer.connect();
  await consumer.subscribe({ topics: [...topics] });
  const joined = new Promise((resolve) => consumer.on(consumer.events.GROUP_JOIN, resolve));
  await consumer.run({ autoCommit: false, eachMessage: async () => {} });
  await joined;
  await consumer.commitOffsets(offsets);
  await consumer.disconnect();
}
