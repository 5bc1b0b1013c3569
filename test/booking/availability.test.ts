import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import type { BitsAvailability, SeatsAvailability } from "#contracts/booking.ts";
import { packBits, readAvailability } from "../../services/booking/availability.ts";
import { loadSeats, readSeats } from "../../services/booking/inventory.repository.ts";
import { announced, deliver, mark, pool, provisioner } from "./support/shelf.ts";

const { eventId } = await announced(6).then(async (terms) => {
  await deliver(terms);
  await provisioner().runOnce();
  return terms;
});
for (const [index, status] of [
  [1, "HELD"],
  [2, "BOOKED"],
  [3, "BLOCKED"],
  [5, "BOOKED"],
] as const) {
  await mark(eventId, index, status);
}
const STATUSES = ["AVAILABLE", "HELD", "BOOKED", "BLOCKED", "AVAILABLE", "BOOKED"];

for (const [digits, bytes] of [
  ["", []],
  ["0", [0b00]],
  ["1", [0b01]],
  ["2", [0b10]],
  ["3", [0b11]],
  ["0123", [0b11_10_01_00]],
  ["01230", [0b11_10_01_00, 0b00]],
  ["3210013", [0b00_01_10_11, 0b11_01_00]],
  ["00000001", [0, 0b01_00_00_00]],
] as const) {
  test(`seats ${digits || "of an empty event"} are the bytes [${bytes}]`, () => {
    const having = (digit: string) => [...digits].flatMap((d, index) => (d === digit ? [index] : []));
    const taken = { HELD: having("1"), BOOKED: having("2"), BLOCKED: having("3") };
    assert.deepEqual([...packBits({ seatCount: digits.length, taken })], [...bytes]);
  });
}

test("the bits of an event follow its seats by index: free, held, booked, blocked", async () => {
  const { seatCount, bits } = (await readAvailability(pool, { eventId, as: "bits" })) as BitsAvailability;
  assert.equal(seatCount, 6);
  assert.deepEqual([...Buffer.from(bits, "base64")], [0b11_10_01_00, 0b10_00]);
});

test("without a wish availability lists each seat with its state and version, by index", async () => {
  const { seatCount, seats } = (await readAvailability(pool, { eventId })) as SeatsAvailability;
  assert.equal(seatCount, 6);
  assert.deepEqual(
    seats.map(({ index, status, version }) => [index, status, version]),
    STATUSES.map((status, index) => [index, status, [1, 2, 3, 5].includes(index) ? 1 : 0]),
  );
  assert.deepEqual(Object.keys(seats[0] ?? {}).sort(), ["index", "seatId", "status", "version"]);
});

test("what an actor remembers is read in the order of seat ids, with the end of holds and the database's time", async () => {
  const { seats, now } = await loadSeats(pool, eventId);
  const ids = seats.map(({ seatId }) => seatId);
  assert.deepEqual(ids, ids.toSorted());
  const byIndex = seats.toSorted((a, b) => a.index - b.index);
  assert.deepEqual(
    byIndex.map(({ status }) => status),
    STATUSES,
  );
  assert.deepEqual(
    byIndex.map(({ heldUntil }) => heldUntil),
    [null, Date.parse("2030-01-01T00:00:00.123Z"), null, null, null, null],
  );
  assert.ok(Math.abs(now - Date.now()) < 60_000);
});

test("seats read by key are those that were asked for, without those that the event does not have", async () => {
  const { seats } = await loadSeats(pool, eventId);
  const wanted = [seats[4], seats[1]].map((seat) => seat?.seatId ?? "");
  const read = await readSeats(pool, eventId, [...wanted, randomUUID()]);
  assert.deepEqual(read.seats, [seats[1], seats[4]]);
  const nothing = await readSeats(pool, randomUUID(), wanted);
  assert.deepEqual(nothing.seats, []);
  assert.ok(nothing.now > 0);
});
