import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { EventixError } from "#contracts/errors.ts";
import type { EventActor, PendingHold } from "../../services/booking/event.actor.ts";
import { EventActors } from "../../services/booking/event.actors.ts";
import type { HoldCommitter } from "../../services/booking/hold.committer.ts";
import type { SeatReading } from "../../services/booking/seat.memory.ts";
import { pendingHold } from "./support/pending-hold.ts";

const id = (n: number) => `00000000-0000-4000-8000-${String(n).padStart(12, "0")}`;
const [EVENT, OTHER] = [id(1_001), id(1_002)] as [string, string];
const NOBODY: ReadonlySet<string> = new Set();

/** A node's actors, what they read, and who told the committer of mail; time passes as it is told to. */
function node(t: TestContext, onShelf: () => Promise<void> = async () => {}) {
  t.mock.timers.enable({ apis: ["setInterval"] });
  const began = performance.now();
  let passedMs = 0;
  t.mock.method(performance, "now", () => began + passedMs);
  const loads: string[] = [];
  const withMail: EventActor[] = [];
  const seats = Array.from({ length: 10 }, (_, n): SeatReading => {
    return { seatId: id(n), index: n, status: "AVAILABLE", version: 1, heldUntil: null };
  });
  const actors = new EventActors({
    requireOnShelf: onShelf,
    async loadSeats(eventId) {
      loads.push(eventId);
      return { now: Date.now(), seats };
    },
    readSeats: () => assert.fail("nothing is known taken"),
    committer: { wake: (actor: EventActor) => withMail.push(actor) } as unknown as HoldCommitter,
  });
  t.after(() => actors.stop());
  const pass = (ms: number) => {
    passedMs += ms;
    t.mock.timers.tick(ms);
  };
  return { actors, loads, withMail, pass };
}

const holdOf = (seat: number, eventId = EVENT) => pendingHold(eventId, [id(seat)]);

test("an event's actor is made once for all who come at one time, and lives on", async (t) => {
  const { actors, loads, withMail } = node(t);
  await Promise.all([0, 1, 2].map((seat) => actors.offer(holdOf(seat))));
  await actors.offer(holdOf(3));
  await actors.offer(holdOf(4, OTHER));
  assert.deepEqual(loads, [EVENT, OTHER]);
  assert.equal(new Set(withMail).size, 2);
  assert.deepEqual([withMail[0]?.mailCount, withMail.at(-1)?.mailCount], [4, 1]);
});

test("an event that is not on the shelf is refused to all who wait, and looked for again when the next one comes", async (t) => {
  let isThere = false;
  const { actors } = node(t, async () => {
    if (!isThere) throw new EventixError("EVENT_NOT_FOUND");
  });
  const refused = await Promise.allSettled([0, 1].map((seat) => actors.offer(holdOf(seat))));
  assert.deepEqual(
    refused.map((result) => result.status === "rejected" && result.reason.type),
    ["EVENT_NOT_FOUND", "EVENT_NOT_FOUND"],
  );
  assert.equal(actors.awake, 0);
  isThere = true;
  await actors.offer(holdOf(0));
  assert.equal(actors.awake, 1);
});

test("when an event's buyers go elsewhere, its actor drains its mailbox and rests; the next hold wakes another, which reads the seats anew", async (t) => {
  const { actors, loads, withMail, pass } = node(t);
  await actors.offer(holdOf(0));
  const [old] = withMail as [EventActor];
  pass(60 * 60_000);
  assert.equal(actors.awake, 1, "it has mail");
  const [hold] = old.take(10, NOBODY) as [PendingHold];
  pass(60 * 60_000);
  assert.equal(actors.awake, 1, "its batch is in flight");
  old.landed(hold);
  pass(60_000);
  assert.equal(actors.awake, 0);
  assert.equal(old.hasMail, false);

  await actors.offer(holdOf(1));
  assert.deepEqual(loads, [EVENT, EVENT]);
  assert.notEqual(withMail.at(-1), old);
});

test("an actor that is asked now and then stays awake, while another rests", async (t) => {
  const { actors, withMail, pass } = node(t);
  const serve = () => {
    const actor = withMail.at(-1) as EventActor;
    for (const hold of actor.take(10, NOBODY)) actor.landed(hold);
  };
  await actors.offer(holdOf(0, OTHER));
  serve();
  for (let seat = 0; seat < 5; seat++) {
    await actors.offer(holdOf(seat));
    serve();
    pass(5 * 60_000);
  }
  assert.equal(actors.awake, 1);
  assert.equal(new Set(withMail).size, 2, "it was not woken again");
});
