import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { EventActor, type PendingHold } from "../../services/booking/event.actor.ts";
import { keyOf } from "../../services/booking/hold.plan.ts";
import { SeatMemory, type SeatReading } from "../../services/booking/seat.memory.ts";
import { pendingHold } from "./support/pending-hold.ts";

const EVENT = "00000000-0000-4000-8000-000000000001";
const id = (n: number) => `00000000-0000-4000-8000-${String(n).padStart(12, "0")}`;
const NOBODY: ReadonlySet<string> = new Set();

const seat = (n: number, over: Partial<SeatReading> = {}): SeatReading => ({
  seatId: id(n),
  index: n,
  status: "AVAILABLE",
  version: 5,
  heldUntil: null,
  ...over,
});
const held = (n: number, forMs = 60_000) => seat(n, { status: "HELD", heldUntil: Date.now() + forMs });
const booked = (n: number) => seat(n, { status: "BOOKED" });

/** An actor that read its seats so long ago, and what it asks the database for; `reads` is what that answers. */
function actorWith(seats: SeatReading[], { ageMs = 0, reads = [] as SeatReading[] | Error } = {}) {
  const asked: string[][] = [];
  const memory = new SeatMemory(seats, performance.now() - ageMs);
  const actor = new EventActor(EVENT, memory, Date.now(), {
    async readSeats(_eventId, seatIds) {
      asked.push(seatIds.toSorted());
      if (reads instanceof Error) throw reads;
      return { now: Date.now(), seats: reads };
    },
    wake() {},
  });
  return { actor, asked };
}

/** A hold, and what became of it: undefined while it is not answered. */
function holdOf(seats: number[], over: Partial<PendingHold> = {}) {
  const seen: { error?: { type: string; data: unknown } } = {};
  const reject = (error: Error) => {
    seen.error = error as never;
  };
  const hold = pendingHold(EVENT, seats.map(id), { reject, ...over });
  return { hold, seen };
}

const keyed = { refusable: false, idempotency: { key: "k", hash: Buffer.from("h") } };
const seatsTaken = (actor: EventActor, max = 128, busy = NOBODY) => actor.take(max, busy).map((hold) => hold.seatIds);

test("a hold on a seat known taken is refused at once, and told every seat that is known taken", () => {
  const { actor } = actorWith([held(1), seat(2), booked(3)]);
  const { hold, seen } = holdOf([1, 2, 3]);
  actor.offer(hold);
  assert.equal(seen.error?.type, "SEAT_ALREADY_RESERVED");
  assert.deepEqual(seen.error?.data, {
    conflicts: [
      { seatId: id(1), status: "HELD" },
      { seatId: id(3), status: "BOOKED" },
    ],
  });
  assert.equal(actor.hasMail, false);
});

for (const [what, over] of [
  ["with an Idempotency-Key", keyed],
  ["that was sent before", { refusable: false, mayExist: true }],
  ["that may have been committed, though its reply was lost", { mayExist: true }],
] as const) {
  test(`a hold ${what} is never refused from memory`, () => {
    const { actor } = actorWith([booked(1)]);
    const { hold, seen } = holdOf([1], over);
    actor.offer(hold);
    assert.deepEqual(seatsTaken(actor), [[id(1)]]);
    assert.equal(seen.error, undefined);
  });
}

test("a hold that has run out does not make its seat taken", () => {
  const { actor } = actorWith([held(1, -1)]);
  actor.offer(holdOf([1]).hold);
  assert.deepEqual(seatsTaken(actor), [[id(1)]]);
});

test("a seat known free goes into the batch unread, however long ago it was read", () => {
  const { actor, asked } = actorWith([seat(1)], { ageMs: 60_000 });
  actor.offer(holdOf([1]).hold);
  assert.deepEqual([seatsTaken(actor), asked], [[[id(1)]], []]);
});

test("taken seats read long ago are read again, once for all who ask, and then decide", async () => {
  const { actor, asked } = actorWith([booked(1), booked(2), seat(3)], {
    ageMs: 1_500,
    reads: [booked(1), seat(2, { version: 6 })],
  });
  const [lost, wins, alsoLost] = [holdOf([1, 3]), holdOf([2]), holdOf([1])];
  for (const { hold } of [lost, wins, alsoLost]) actor.offer(hold);
  assert.deepEqual(seatsTaken(actor), []);
  await nextTurn();
  await nextTurn();
  assert.deepEqual(asked, [[id(1), id(2)]]);
  assert.deepEqual(seatsTaken(actor), [[id(2)]]);
  assert.deepEqual(
    [lost, wins, alsoLost].map(({ seen }) => seen.error?.type),
    ["SEAT_ALREADY_RESERVED", undefined, "SEAT_ALREADY_RESERVED"],
  );
});

test("seats that cannot be read are left to the batch, which says what is wrong", async () => {
  const { actor } = actorWith([booked(1)], { ageMs: 1_500, reads: new Error("away") });
  actor.offer(holdOf([1]).hold);
  assert.deepEqual(seatsTaken(actor), []);
  await nextTurn();
  await nextTurn();
  assert.deepEqual(seatsTaken(actor), [[id(1)]]);
});

test("what is known of a seat is not undone by an older reading", () => {
  const { actor } = actorWith([booked(1), booked(2)]);
  actor.learn([seat(1, { version: 4 }), seat(2, { version: 6 })], performance.now());
  const [late, right] = [holdOf([1]), holdOf([2])];
  actor.offer(late.hold);
  actor.offer(right.hold);
  assert.equal(late.seen.error?.type, "SEAT_ALREADY_RESERVED");
  assert.deepEqual(seatsTaken(actor), [[id(2)]]);
});

test("a hold waits for the batch that has one of its seats, and those behind it for theirs", () => {
  const { actor } = actorWith([seat(1), seat(2), seat(3)]);
  const [first, second, third, free] = [holdOf([1]), holdOf([1, 2]), holdOf([2]), holdOf([3])];
  actor.offer(first.hold);
  assert.deepEqual(seatsTaken(actor), [[id(1)]]);
  for (const { hold } of [second, third, free]) actor.offer(hold);
  assert.deepEqual(seatsTaken(actor), [[id(3)]]);
  actor.landed(first.hold);
  assert.deepEqual(seatsTaken(actor), [[id(1), id(2)], [id(2)]]);
});

test("holds with one key are never in two batches, and a repeat that waits too long is told to come back", () => {
  const { actor } = actorWith([seat(1), seat(2), seat(3)]);
  const [first, beside] = [holdOf([1], keyed), holdOf([2], keyed)];
  for (const { hold } of [first, beside]) actor.offer(hold);
  assert.deepEqual(seatsTaken(actor), [[id(1)], [id(2)]]);
  const again = holdOf([3], { ...keyed, deadline: Date.now() + 50 });
  actor.offer(again.hold);
  const busy = new Set([keyOf(first.hold) as string]);
  assert.deepEqual(seatsTaken(actor, 128, busy), []);
  actor.refuseLate(Date.now() + 100, busy);
  assert.equal(again.seen.error?.type, "REQUEST_IN_PROGRESS");
});

test("a hold put back is the next to be taken, and a late one never is", () => {
  const { actor } = actorWith([seat(1), seat(2), seat(3)]);
  const [back, late] = [holdOf([3]), holdOf([2], { deadline: Date.now() - 1 })];
  for (const { hold } of [holdOf([1]), late]) actor.offer(hold);
  actor.putBack(back.hold);
  assert.deepEqual(seatsTaken(actor, 1), [[id(3)]]);
  assert.deepEqual(seatsTaken(actor), [[id(1)]]);
  assert.equal(late.seen.error?.type, "SERVICE_UNAVAILABLE");
});

test("while the database is away, holds are refused at once but for those that may have been written", () => {
  const { actor } = actorWith([seat(1), seat(2)]);
  const [waiting, unsure] = [holdOf([1]), holdOf([2], { mayExist: true })];
  for (const { hold } of [waiting, unsure]) actor.offer(hold);
  actor.refuseLate(Date.now(), NOBODY, true);
  assert.equal(waiting.seen.error?.type, "SERVICE_UNAVAILABLE");
  assert.equal(unsure.seen.error, undefined);
});

test("the four thousandth and first hold is refused", () => {
  const { actor } = actorWith([seat(1)]);
  for (let n = 0; n < 4_000; n++) actor.offer(holdOf([1]).hold);
  const { hold, seen } = holdOf([1]);
  actor.offer(hold);
  assert.equal(seen.error?.type, "SERVICE_UNAVAILABLE");
});
