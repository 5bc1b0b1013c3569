import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, afterEach, before, beforeEach, describe, test } from "node:test";
import type { Producer } from "kafkajs";
import { newFact } from "#contracts/events.ts";
import { KAFKA_TOPICS, type Topic } from "#contracts/topics.ts";
import { FACT_PARTITIONER } from "#mixins/fact-partitioner.ts";
import type { InvariantId } from "../../cli/audit/finding.ts";
import { asText, exitCodeOf } from "../../cli/audit/report.ts";
import { kafka } from "../facts/fixture.ts";
import { catchUp, giveBack, makeWorld, type Told, type World } from "./support/world.ts";

const { BOOKING_CREATED, BOOKING_CONFIRMED, BOOKING_CANCELLED, BOOKING_REFUND_DUE, PAYMENT_SUCCESS, PAYMENT_REFUNDED } =
  KAFKA_TOPICS;
const TICKET = "AAAA-BBBB-CCCC";

let world: World;
let producer: Producer;
before(async () => {
  await catchUp();
  producer = kafka.producer({ createPartitioner: FACT_PARTITIONER, allowAutoTopicCreation: false });
  await producer.connect();
});
after(() => producer.disconnect());
beforeEach(async () => {
  world = await makeWorld();
});
afterEach(() => world.close());

/** Facts of payment have no version, and let one through. */
type Step = [topic: Topic, bookingVersion: number, data?: object];
const CREATED: Step[] = [
  [BOOKING_CREATED, 1],
  [PAYMENT_SUCCESS, 0],
];
const CONFIRMED: Step[] = [...CREATED, [BOOKING_CONFIRMED, 2]];

/** A confirmed booking. */
const booked = async (): Promise<Told> => onShelf(await world.confirmed());

/** Puts the booking's event on the shelf. */
async function onShelf(told: Told): Promise<Told> {
  await world.booking.query(
    `insert into event_inventory (event_id, organizer_id, status, version, loaded_version, currency, hold_seconds,
                                  max_seats_per_booking, seat_count)
     values ($1, 'o', 'ON_SALE', 1, 1, 'EUR', 600, 10, 2)`,
    [told.eventId],
  );
  await world.booking.query("update bookings set ticket_reference = $2 where id = $1", [told.bookingId, TICKET]);
  return told;
}

async function publish(
  { bookingId, eventId, paymentId, captureId, seatIds }: Told,
  steps: readonly Step[],
): Promise<void> {
  const common = { bookingId, eventId, userId: "u", paymentId, captureId, amountMinor: 5_000, currency: "EUR" };
  const terms = {
    seats: seatIds.map((seatId) => ({ seatId, priceMinor: 2_500 })),
    totalMinor: 5_000,
    expiresAt: new Date().toISOString(),
    holdSeconds: 600,
    ticketReference: TICKET,
  };
  for (const [topic, bookingVersion, data] of steps) {
    const fact = newFact(topic, "eventix/booking", bookingId, {
      ...common,
      ...terms,
      bookingVersion,
      ...data,
    } as never);
    const value = JSON.stringify({ ...fact, time: new Date().toISOString() });
    await producer.send({ topic, messages: [{ key: bookingId, value }] });
  }
}

const atVersion = ({ bookingId }: Told, version: number) =>
  world.booking.query("update bookings set version = $2 where id = $1", [bookingId, version]);
const refund = (version: number, reason = "ALREADY_PAID"): Step => [BOOKING_REFUND_DUE, version, { reason }];

test("bookings whose facts are all there pass, whatever came twice", async () => {
  const told = await booked();
  await publish(told, [...CONFIRMED, ...CONFIRMED, refund(3), ...CONFIRMED, refund(3)]);
  await atVersion(told, 3);
  const report = await world.audit();
  assert.equal(exitCodeOf(report), 0, asText(report));
  assert.equal(report.I2.checked, 1);
  assert.ok(report.I5.checked >= 11);
});

test("money that was given back passes when its topics tell both", async () => {
  const told = await onShelf(await world.refunded());
  await publish(told, [
    ...CREATED,
    [BOOKING_CANCELLED, 2, { reason: "BY_USER" }],
    refund(3, "BOOKING_CANCELLED"),
    [PAYMENT_REFUNDED, 0],
  ]);
  await atVersion(told, 3);
  await world.booking.query("update bookings set ticket_reference = null where id = $1", [told.bookingId]);
  const report = await world.audit();
  assert.equal(exitCodeOf(report), 0, asText(report));
});

const broken: [string, InvariantId, RegExp, (told: Told) => Promise<unknown>][] = [
  ["a booking that no topic tells of", "I5", /has version 1 of 2 on no topic/, async () => {}],
  [
    "a version between two that was never published",
    "I5",
    /has version 2 of 3 on no topic/,
    async (told) => {
      await publish(told, [...CREATED, refund(3)]);
      await atVersion(told, 3);
    },
  ],
  [
    "money that no topic tells of",
    "I5",
    /is not on payment.success/,
    (told) =>
      publish(told, [
        [BOOKING_CREATED, 1],
        [BOOKING_CONFIRMED, 2],
      ]),
  ],
  [
    "money given back that no topic tells of",
    "I5",
    /was given back, and is not on payment.refunded/,
    async (told) => {
      await publish(told, CONFIRMED);
      await giveBack(world.payment, told);
    },
  ],
  [
    "a fact of money that was never taken",
    "I5",
    /capture .* is told by facts, and does not exist/,
    async (told) => {
      await publish(told, CONFIRMED);
      await publish({ ...told, captureId: randomUUID() }, [[PAYMENT_SUCCESS, 0]]);
    },
  ],
  [
    "a fact of money given back that is kept",
    "I5",
    /is on payment.refunded, and was not given back/,
    (told) => publish(told, [...CONFIRMED, [PAYMENT_REFUNDED, 0]]),
  ],
  [
    "a fact of a booking that does not exist",
    "I5",
    /is told by facts, and does not exist/,
    async (told) => {
      await publish(told, CONFIRMED);
      await publish({ ...told, bookingId: randomUUID() }, CONFIRMED);
    },
  ],
  [
    "a fact of a change that was never committed",
    "I5",
    /is told to version 3, and has 2/,
    (told) => publish(told, [...CONFIRMED, refund(3)]),
  ],
  [
    "facts of a key in the wrong order on their topic",
    "I5",
    /has version 3 after 4 on booking.refund_due/,
    async (told) => {
      await publish(told, [...CONFIRMED, refund(4), refund(3)]);
      await atVersion(told, 4);
    },
  ],
  [
    "a booking that is confirmed twice",
    "I2",
    /is told booking.confirmed when it is CONFIRMED \(version 3\)/,
    async (told) => {
      await publish(told, [...CONFIRMED, [BOOKING_CONFIRMED, 3]]);
      await atVersion(told, 3);
    },
  ],
  [
    "a confirmed booking that is cancelled",
    "I2",
    /is told booking.cancelled when it is CONFIRMED/,
    async (told) => {
      await publish(told, [...CONFIRMED, [BOOKING_CANCELLED, 3, { reason: "BY_USER" }]]);
      await atVersion(told, 3);
    },
  ],
  [
    "a booking that begins without having been made",
    "I2",
    /is told booking.confirmed when it is not made/,
    async (told) => {
      await publish(told, [[BOOKING_CONFIRMED, 1]]);
      await atVersion(told, 1);
    },
  ],
  [
    "a booking that is not what its facts tell",
    "I2",
    /is CONFIRMED, and its facts end with CANCELLED:PAYMENT_FAILED/,
    (told) =>
      publish(told, [
        [BOOKING_CREATED, 1],
        [BOOKING_CANCELLED, 2, { reason: "PAYMENT_FAILED" }],
      ]),
  ],
  [
    "another ticket than the one that was told",
    "I2",
    /has ticket AAAA-BBBB-CCCC, and its facts tell DDDD-EEEE-FFFF/,
    (told) =>
      publish(told, [
        [BOOKING_CREATED, 1],
        [BOOKING_CONFIRMED, 2, { ticketReference: "DDDD-EEEE-FFFF" }],
      ]),
  ],
];

describe("the audit finds", () => {
  for (const [name, invariant, problem, breakIt] of broken) {
    test(`${invariant}: ${name}`, async () => {
      await breakIt(await booked());
      const report = await world.audit();
      assert.equal(exitCodeOf(report), 1, asText(report));
      assert.match(
        report[invariant].violations.map((finding) => `${finding.subject} ${finding.problem}`).join("\n"),
        problem,
      );
    });
  }
});

test("what still waits in the outbox is undecided, and nothing when it has left it", async () => {
  const told = await booked();
  await publish(told, CREATED);
  await world.booking.query("insert into outbox (topic, key, value) values ('booking.confirmed', 'k', 'v')");
  const report = await world.audit(500);
  assert.equal(exitCodeOf(report), 2, asText(report));
  assert.match(asText(report), /undecided: booking .* has version 2 of 2 on no topic/);
  const auditing = world.audit();
  await publish(told, CONFIRMED.slice(CREATED.length));
  await world.booking.query("delete from outbox");
  assert.equal(exitCodeOf(await auditing), 0);
});

test("so is money whose fact waits in payment's outbox", async () => {
  const told = await booked();
  const [money, ...bookings] = [CREATED[1] as Step, CREATED[0] as Step, CONFIRMED[2] as Step];
  await publish(told, bookings);
  await world.payment.query("insert into outbox (topic, key, value) values ('payment.success', 'k', 'v')");
  const report = await world.audit(500);
  assert.equal(exitCodeOf(report), 2, asText(report));
  assert.match(asText(report), /undecided: capture .* is not on payment.success/);
  const auditing = world.audit();
  await publish(told, [money]);
  await world.payment.query("delete from outbox");
  assert.equal(exitCodeOf(await auditing), 0);
});

test("facts of events that are on no shelf here are another system's", async () => {
  const told = await booked();
  await publish(told, CONFIRMED);
  await publish({ ...told, bookingId: randomUUID(), captureId: randomUUID(), eventId: randomUUID() }, CONFIRMED);
  const report = await world.audit();
  assert.equal(exitCodeOf(report), 0, asText(report));
});
