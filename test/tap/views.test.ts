import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { stripVTControlCharacters } from "node:util";
import { type Fact, newFact } from "#contracts/events.ts";
import type { ReadPartition } from "#mixins/fact-reader.ts";
import { isWanted, type Wanted } from "../../cli/tap/filter.ts";
import { lineOf, utcTime } from "../../cli/tap/line.ts";
import { Merge } from "../../cli/tap/merge.ts";
import { Stats } from "../../cli/tap/stats.ts";
import { type Tapped, tapped } from "../../cli/tap/tapped.ts";

// Where it is another day than in UTC for half of the day.
process.env.TZ = "Pacific/Auckland";

const bookingId = randomUUID();
const eventId = randomUUID();
const NOW = new Date("2026-11-23T12:34:56.789Z");
const about = { bookingId, bookingVersion: 1, eventId, userId: "alice" };
const paid = { paymentId: randomUUID(), bookingId, eventId };
const capture = { captureId: randomUUID(), amountMinor: 5900, currency: "EUR" };

type Parts = Parameters<typeof newFact>;
const factOf = (type: Parts[0], data: object): Fact =>
  ({
    ...newFact(type, "eventix/test", "bookingId" in data ? bookingId : eventId, data as never, {
      correlationid: "c-1",
    }),
    time: NOW.toISOString(),
  }) as Fact;

const recordOf = (topic: string, value: unknown, headers: Record<string, string> = {}) => ({
  topic,
  partition: 0,
  offset: "0",
  key: Buffer.from(bookingId),
  value: Buffer.from(typeof value === "string" ? value : JSON.stringify(value)),
  timestamp: NOW,
  headers,
});
const shown = (fact: Fact): Tapped => tapped({ record: recordOf(fact.type, fact), fact });
const plain = (tapped: Tapped) => stripVTControlCharacters(lineOf(tapped, NOW));

const seats = (n: number) => Array.from({ length: n }, () => ({ seatId: randomUUID(), priceMinor: 2950 }));
const changes = (...statuses: string[]) =>
  statuses.map((status, seatIndex) => ({ seatIndex, seatId: randomUUID(), status, version: 1 }));
const event = { eventId, version: 1, name: "The\x1b[2J Tempest", seatCount: 72, currency: "JPY" };

const phrases: [Parts[0], object, string][] = [
  ["event.published", { ...event, prices: { A: 900, B: 1200 } }, "The?[2J Tempest: 72 seats, 900 JPY to 1200 JPY"],
  ["event.published", { ...event, name: "Tempest", prices: { A: 900 } }, "Tempest: 72 seats, 900 JPY"],
  [
    "booking.created",
    { ...about, seats: seats(2), totalMinor: 5900, currency: "EUR", holdSeconds: 600 },
    "2 seats, 59.00 EUR, held for 600 s",
  ],
  [
    "booking.confirmed",
    { ...about, ticketReference: "AAAA-BBBB-CCCC", captureId: randomUUID() },
    "ticket AAAA-BBBB-CCCC",
  ],
  ["booking.cancelled", { ...about, reason: "BY_USER" }, "BY_USER"],
  ["booking.expired", { ...about, reason: "EXPIRED" }, "EXPIRED"],
  ["booking.refund_due", { ...about, ...capture, reason: "ALREADY_PAID" }, "59.00 EUR, ALREADY_PAID"],
  ["payment.success", { ...paid, ...capture }, "59.00 EUR"],
  ["payment.failed", { ...paid, reason: "CARD_DECLINED" }, "CARD_DECLINED"],
  ["payment.refunded", { ...paid, ...capture }, "59.00 EUR"],
  ["seat.changed", { changes: changes("HELD", "AVAILABLE", "HELD") }, "3 seats: 2 HELD, 1 AVAILABLE"],
];

for (const [type, data, phrase] of phrases) {
  test(`${type} is shown as "${phrase}"`, () => {
    const fact = factOf(type, data);
    assert.equal(plain(shown(fact)), `12:34:56.789Z  ${type.padEnd(18)}  ${fact.subject}  ${phrase}  c-1`);
  });
}

test("the date is shown with what is not of today", () => {
  assert.equal(utcTime(new Date("2026-11-22T01:02:03.004Z"), NOW), "2026-11-22 01:02:03.004Z");
});

test("a dead letter is shown with who refused it and why, and with what it says", () => {
  const fact = factOf("payment.failed", { ...paid, reason: "TOO_LATE" });
  const headers = { "eventix-consumer": "booking.payment-result", "eventix-reason": "no such booking" };
  const letter = tapped({ record: recordOf("payment.failed.dlq", fact, headers), reason: "no schema" });
  assert.match(plain(letter), /payment\.failed\.dlq .*TOO_LATE; booking\.payment-result: no such booking {2}c-1$/);
  const noFact = tapped({ record: recordOf("payment.failed.dlq", "{", headers), reason: "no schema" });
  assert.match(plain(noFact), /booking\.payment-result: no such booking$/);
});

test("what is no fact is shown with the reason, under its key", () => {
  const line = plain(tapped({ record: recordOf("payment.failed", "\n{"), reason: "not JSON" }));
  assert.equal(line, `12:34:56.789Z  payment.failed      ${bookingId}  not JSON`);
});

const NOTHING: Wanted = { event: [], booking: [], user: [], correlation: [] };
const created = shown(
  factOf("booking.created", { ...about, seats: seats(1), totalMinor: 1, currency: "EUR", holdSeconds: 1 }),
);
const changed = shown(factOf("seat.changed", { changes: changes("HELD") }));
const unread = tapped({ record: recordOf("payment.failed", "{"), reason: "not JSON" });
const other = randomUUID();

const filters: [string, Partial<Wanted>, Tapped, boolean][] = [
  ["no filter", {}, created, true],
  ["the event of its data", { event: [eventId] }, created, true],
  ["the event that it is about", { event: [eventId] }, changed, true],
  ["another event", { event: [other] }, created, false],
  ["one of two bookings", { booking: [other, bookingId] }, created, true],
  ["a booking, of seats", { booking: [bookingId] }, changed, false],
  ["its user", { user: ["alice"] }, created, true],
  ["a user, of seats, which name none", { user: ["alice"] }, changed, false],
  ["its correlation id", { correlation: ["c-1"] }, created, true],
  ["its event, but another user", { event: [eventId], user: ["bob"] }, created, false],
  ["its key, when it cannot be read", { booking: [bookingId] }, unread, true],
  ["a user, when it cannot be read", { user: ["alice"] }, unread, false],
];
for (const [name, wanted, record, is] of filters) {
  test(`asked for ${name}, a record is ${is ? "shown" : "left out"}`, () => {
    assert.equal(isWanted(record, { ...NOTHING, ...wanted }), is);
  });
}

const at = (ms: number) => ({ time: new Date(ms) }) as Tapped;
const place = (partition: number, position: number, end: number): ReadPartition => ({
  topic: "t",
  partition,
  position: BigInt(position),
  end: BigInt(end),
});
const times = (records: Tapped[]) => records.map(({ time }) => time.getTime());

test("what lay on several partitions comes out by time, however they are fetched", () => {
  const [a, b] = [place(0, 2, 4), place(1, 0, 1)];
  const merge = new Merge([a, b]);
  merge.add(
    [1, 5].map((ms) => ({ place: a, tapped: at(ms) })),
    0,
  );
  assert.deepEqual(times(merge.take(0)), [], "the other partition may have older ones");
  assert.deepEqual(merge.wanted, [b], "no more of the first until the other is there");
  b.position = 1n;
  merge.add([{ place: b, tapped: at(3) }], 0);
  assert.deepEqual(times(merge.take(0)), [1, 3, 5], "and then waits for the rest of the first");
  assert.deepEqual(merge.wanted, [a, b]);
  a.position = 4n;
  merge.add(
    [7, 6].map((ms) => ({ place: a, tapped: at(ms) })),
    0,
  );
  assert.deepEqual(times(merge.take(200)), [7, 6], "a partition's own order stays");
});

test("what comes at the same moment is gathered and put in order, and nothing waits for longer", () => {
  const [a, b] = [place(0, 1, 1), place(1, 1, 1)];
  const merge = new Merge([a, b]);
  merge.add([{ place: a, tapped: at(5) }], 0);
  assert.deepEqual(merge.take(50), []);
  assert.ok(merge.waitMs(50) <= 50);
  merge.add([{ place: b, tapped: at(4) }], 60);
  assert.deepEqual(times(merge.take(100)), [4, 5]);
});

test("stats count each topic and tell the rate of the last ten seconds", () => {
  const stats = new Stats(0);
  const records = (topic: string, n: number) => Array.from({ length: n }, () => ({ ...created, topic }));
  assert.match(stats.text(NOW, 0), /No facts came yet/);
  stats.add(records("payment.success", 50), 1_000);
  stats.add([...records("payment.success", 5), ...records("booking.created", 10)], 15_000);
  const text = stats.text(NOW, 20_000);
  assert.match(text, /booking\.created +10 +1\.0 +12:34:56\.789Z\n/);
  assert.match(text, /payment\.success +55 +0\.5 /);
  assert.match(text, /all +65 +1\.5$/m);
});
