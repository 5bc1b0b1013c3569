import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { EventActor, type PendingHold } from "../../services/booking/event.actor.ts";
import { keyOf } from "../../services/booking/hold.plan.ts";
import { SeatMemory, type SeatReading } from "../../services/booking/seat.memory.ts";
import { fc } from "../support/property.ts";

const EVENT = "00000000-0000-4000-8000-000000000001";
const SEATS = 5;
const id = (n: number) => `00000000-0000-4000-8000-${String(n).padStart(12, "0")}`;
const HOUR_MS = 3_600_000;

const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant("offer" as const),
      seats: fc.subarray([0, 1, 2, 3, 4], { minLength: 1, maxLength: 3 }),
      key: fc.option(fc.nat(1), { freq: 4 }),
      is: fc.constantFrom("plain", "plain", "repeated", "late", "not before long"),
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("take" as const), max: fc.integer({ min: 1, max: 6 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("take alone" as const) }) },
  // A batch has ended: what it could not decide goes back, perhaps to go alone.
  { weight: 3, arbitrary: fc.record({ do: fc.constant("land" as const), back: fc.boolean(), alone: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("learn" as const), seat: fc.nat(4), version: fc.nat(9) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("refuse late" as const), isAway: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("wait" as const) }) },
);
const seats = fc.array(fc.nat(9), { minLength: SEATS, maxLength: SEATS });
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

interface Tracked {
  hold: PendingHold;
  /** In the order they came. */
  number: number;
  answers: number;
  where: "mailbox" | "batch" | "answered";
  /** The last one that it was taken for. */
  batch: number;
}

const readingOf = (seat: number, version: number): SeatReading => {
  const status = (["AVAILABLE", "BOOKED", "AVAILABLE", "HELD"] as const)[version % 4] as SeatReading["status"];
  return { seatId: id(seat), index: seat, status, version, heldUntil: status === "HELD" ? Date.now() + HOUR_MS : null };
};

/** An actor, and where each hold is that it was offered. */
class Scene {
  readonly #all: Tracked[] = [];
  readonly #busy = new Set<string>();
  readonly #versions: number[];
  readonly #actor: EventActor;
  #batches = 0;

  /** `isOld`: what the actor remembers was read too long ago to refuse by. */
  constructor(versions: number[], isOld: boolean) {
    this.#versions = [...versions];
    const memory = new SeatMemory(
      this.#versions.map((version, seat) => readingOf(seat, version)),
      isOld ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY,
    );
    this.#actor = new EventActor(EVENT, memory, Date.now(), {
      readSeats: async (_eventId, seatIds) => {
        const seats = seatIds.map((seatId) => Number(seatId.slice(-2)));
        return { now: Date.now(), seats: seats.map((seat) => readingOf(seat, this.#versions[seat] as number)) };
      },
      wake() {},
    });
  }

  async run(given: Step): Promise<void> {
    if (given.do === "offer") this.#offer(given);
    else if (given.do === "take") this.#took(this.#actor.take(given.max, this.#busy), given.max, false);
    else if (given.do === "take alone") this.#took([this.#actor.takeAlone(this.#busy) ?? []].flat(), 1, true);
    else if (given.do === "land") this.#land(given);
    else if (given.do === "refuse late") this.#actor.refuseLate(Date.now(), this.#busy, given.isAway);
    else if (given.do === "learn") {
      const { seat, version } = given;
      this.#versions[seat] = Math.max(this.#versions[seat] as number, version);
      this.#actor.learn([readingOf(seat, version)], Number.POSITIVE_INFINITY);
    } else await nextTurn();
  }

  check(): void {
    const counts = Map.groupBy(this.#all, ({ where }) => where);
    assert.equal(this.#actor.mailCount, counts.get("mailbox")?.length ?? 0);
    const inFlight = (counts.get("batch") ?? []).flatMap(({ hold, batch }) =>
      hold.seatIds.map((seat) => ({ seat, batch })),
    );
    for (const [seat, holds] of Map.groupBy(inFlight, (each) => each.seat))
      assert.equal(new Set(holds.map(({ batch }) => batch)).size, 1, `two batches have ${seat}`);
    const keyed = (counts.get("batch") ?? []).filter(({ hold }) => hold.idempotency);
    for (const [key, holds] of Map.groupBy(keyed, ({ hold }) => keyOf(hold)))
      assert.equal(new Set(holds.map(({ batch }) => batch)).size, 1, `two batches have ${key}`);
  }

  /** Nobody is forgotten: when batches land and time passes, the mailbox empties. */
  async drain(): Promise<void> {
    for (const { hold } of this.#all) hold.notBefore = 0;
    for (let rounds = 0; this.#actor.hasMail; rounds++) {
      assert(rounds < 200, `${this.#actor.mailCount} holds are never taken`);
      this.#land({ back: false, alone: false });
      this.#took(this.#actor.take(3, this.#busy), 3, false);
      this.#took([this.#actor.takeAlone(this.#busy) ?? []].flat(), 1, true);
      await nextTurn();
    }
    while (this.#all.some(({ where }) => where === "batch")) this.#land({ back: false, alone: false });
    assert(this.#all.every(({ where }) => where === "answered"));
  }

  #offer({ seats, key, is }: Extract<Step, { do: "offer" }>): void {
    const tracked: Tracked = {
      number: this.#all.length,
      answers: 0,
      batch: 0,
      where: "mailbox",
      hold: undefined as never,
    };
    const answered = () => {
      tracked.answers += 1;
      assert.equal(tracked.answers, 1, "a hold gets one answer");
      tracked.where = "answered";
    };
    tracked.hold = {
      ...{
        eventId: EVENT,
        seatIds: seats.map(id),
        userId: "u",
        bookingId: id(100 + tracked.number),
        correlationId: "c",
      },
      idempotency: key === null ? null : { key: `k${key}`, hash: Buffer.from("h") },
      deadline: Date.now() + (is === "late" ? -1 : HOUR_MS),
      mayExist: is === "repeated",
      refusable: is !== "repeated" && key === null,
      remote: false,
      alone: false,
      notBefore: is === "not before long" ? Date.now() + HOUR_MS : 0,
      resolve: answered,
      reject: answered,
    };
    this.#all.push(tracked);
    this.#actor.offer(tracked.hold);
  }

  #took(taken: PendingHold[], max: number, alone: boolean): void {
    assert(taken.length <= max);
    this.#batches += 1;
    for (const hold of taken) {
      const tracked = this.#all.find((each) => each.hold === hold) as Tracked;
      assert.equal(tracked.where, "mailbox", "only a waiting hold is taken");
      assert.equal(hold.alone, alone);
      assert(hold.notBefore <= Date.now(), "taken before it is of any use");
      tracked.where = "batch";
      tracked.batch = this.#batches;
      const key = keyOf(hold);
      if (key !== undefined) this.#busy.add(key);
    }
    const waiting = this.#all.filter(({ where }) => where === "mailbox");
    for (const hold of taken) {
      const { number } = this.#all.find((each) => each.hold === hold) as Tracked;
      const passed = waiting.filter((w) => w.number < number && w.hold.seatIds.some((s) => hold.seatIds.includes(s)));
      assert.deepEqual(passed, [], "whoever came first for a seat is decided first");
    }
  }

  /** Ends the oldest batch: each hold is answered, or goes back when `back` says so. */
  #land({ back, alone }: { back: boolean; alone: boolean }): void {
    const inFlight = this.#all.filter(({ where }) => where === "batch");
    const oldest = Math.min(...inFlight.map(({ batch }) => batch));
    const landed = inFlight.filter(({ batch }) => batch === oldest);
    for (const { hold } of landed) {
      this.#actor.landed(hold);
      const key = keyOf(hold);
      if (key !== undefined) this.#busy.delete(key);
    }
    for (const tracked of landed.toReversed()) {
      if (!back) {
        tracked.hold.resolve({ booking: {} as never, replayed: false });
        continue;
      }
      tracked.hold.alone = alone;
      tracked.where = "mailbox";
      this.#actor.putBack(tracked.hold);
    }
  }
}

test("a hold is in the mailbox, in one batch or answered, never in two of these, and whoever comes first for a seat is first", async () => {
  await fc.assert(
    fc.asyncProperty(
      seats,
      fc.boolean(),
      fc.array(step, { minLength: 5, maxLength: 50 }),
      async (versions, isOld, steps) => {
        const scene = new Scene(versions, isOld);
        for (const given of steps) {
          await scene.run(given);
          scene.check();
        }
        await scene.drain();
      },
    ),
  );
});
