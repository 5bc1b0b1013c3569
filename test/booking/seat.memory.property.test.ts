import assert from "node:assert/strict";
import { test } from "node:test";
import { SeatStatus } from "#contracts/booking.ts";
import { SeatMemory, type SeatReading } from "../../services/booking/seat.memory.ts";
import { fc } from "../support/property.ts";

/** Ids that often share their first word, as hardly any do: what is searched by it must still be told apart. */
const seatId = fc
  .tuple(fc.constantFrom("00000000", "7fffffff", "80000000", "ffffffff"), fc.uuid())
  .map(([first, id]) => first + id.slice(8));
const STATUSES = Object.values(SeatStatus);

/** What a seat is at a version: any reading of that version says the same. */
const readingOf = (id: string, index: number, version: number): SeatReading => {
  const status = STATUSES[(version * 7 + index) % 4] as SeatReading["status"];
  return { seatId: id, index, status, version, heldUntil: status === "HELD" ? version * 1_000 : null };
};

const seats = fc.uniqueArray(seatId, { minLength: 1, maxLength: 20 });
const readings = fc.array(fc.record({ seat: fc.nat(), version: fc.nat(12), readAt: fc.nat(1_000) }), { maxLength: 40 });

test("memory never goes back to an older version, whatever the order of readings, and ends with the newest", () => {
  fc.assert(
    fc.property(seats, fc.nat(5), readings, (ids, version, later) => {
      const memory = new SeatMemory(
        ids.map((id, index) => readingOf(id, index, version)),
        0,
      );
      const newest = new Map(ids.map((_, index) => [index, version]));
      for (const { seat, version: read, readAt } of later) {
        const index = seat % ids.length;
        memory.learn(readingOf(ids[index] as string, index, read), readAt);
        newest.set(index, Math.max(newest.get(index) as number, read));
        for (const [n, expected] of newest) {
          const at = memory.find(ids[n] as string);
          assert.equal(memory.versionOf(at), expected);
          const { status, heldUntil } = readingOf(ids[n] as string, n, expected);
          assert.deepEqual([memory.statusOf(at), memory.indexOf(at)], [status, n]);
          const until = heldUntil ?? Number.NEGATIVE_INFINITY;
          const isTaken = (now: number) => (status === "HELD" ? until > now : status !== "AVAILABLE");
          for (const now of [until - 1, until, until + 1]) assert.equal(memory.isTaken(at, now), isTaken(now));
        }
      }
    }),
  );
});

test("every seat is found, and no id that the event does not have", () => {
  fc.assert(
    fc.property(seats, seats, (ids, others) => {
      const memory = new SeatMemory(
        ids.map((id, index) => readingOf(id, index, 1)),
        0,
      );
      assert.deepEqual(
        ids.map((id) => memory.indexOf(memory.find(id))),
        ids.map((_, index) => index),
      );
      for (const id of others) if (!ids.includes(id)) assert.equal(memory.find(id), -1, id);
      const unknown = ids.map((id) => `${id.slice(0, -1)}${id.endsWith("0") ? "1" : "0"}`);
      for (const id of unknown) if (!ids.includes(id)) assert.equal(memory.find(id), -1, id);
    }),
  );
});
