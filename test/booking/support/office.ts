import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { causedBy, type Fact, type NewFact, newFact } from "#contracts/events.ts";
import { rounds } from "#mixins/rounds.ts";
import { factsOfChange } from "../../../services/booking/booking.facts.ts";
import type { Booking } from "../../../services/booking/booking-view.ts";
import { type Command, planChanges } from "../../../services/booking/change.plan.ts";
import { type LockedSeat, planHolds, seatKey, type TermsNow } from "../../../services/booking/hold.plan.ts";

export type Step =
  | { do: "hold"; seats: number[] }
  | { do: "pay"; n: number; amount: string }
  | { do: "refuse payment"; n: number }
  | { do: "cancel"; n: number }
  | { do: "wait"; seconds: number }
  | { do: "sweep" }
  | { do: "close or open the sale" }
  | { do: "deliver"; which: number[] };

const EVENT = randomUUID();
/** Few, so that bookings meet on them. */
export const SEATS = 2;
const HOLD_SECONDS = 60;
const SOURCE = "eventix/payment";

type PaymentResult = NewFact<"payment.success" | "payment.failed">;

/**
 * One event's bookings with maps for tables: every decision is the code's own (hold.plan.ts, change.plan.ts, rounds.ts), and
 * only what SQL does is done here, a fact applied once by its id among it.
 */
export class Office {
  readonly #bookings = new Map<string, Booking>();
  readonly #seats = new Map<string, LockedSeat>();
  readonly #processed = new Set<string>();
  /** All that payment has said, delivered or not. */
  readonly #said: PaymentResult[] = [];
  readonly #published: NewFact[] = [];
  #isOnSale = true;
  #now = Date.parse("2030-01-01T00:00:00Z");

  constructor() {
    for (let index = 0; index < SEATS; index++) {
      const seatId = `seat ${index}`;
      const free = { status: "AVAILABLE", bookingId: null, heldUntil: null, version: 0, priceMinor: 100 } as const;
      this.#seats.set(seatKey(EVENT, seatId), { eventId: EVENT, seatId, index, ...free });
    }
  }

  run(step: Step): void {
    if (step.do === "hold") this.#hold(step.seats);
    else if (step.do === "wait") this.#now += step.seconds * 1_000;
    else if (step.do === "sweep") this.#expire([...this.#bookings.keys()]);
    else if (step.do === "close or open the sale") this.#isOnSale = !this.#isOnSale;
    else if (step.do === "deliver") this.#deliver(step.which.flatMap((n) => chosen(this.#said, n) ?? []));
    else this.#tell(step);
  }

  deliverAll(): void {
    this.#deliver(this.#said);
  }

  /** What holds after every step. */
  check(): void {
    for (const booking of this.#bookings.values()) this.#checkStory(booking);
    for (const seat of this.#seats.values()) this.#checkSeat(seat);
  }

  /** Once all is delivered: each capture is applied, or to be given back, and never both. */
  checkMoney(): void {
    for (const fact of this.#said) {
      if (fact.type !== "payment.success") continue;
      const { captureId, bookingId } = fact.data;
      const applied = [...this.#bookings.values()].filter((booking) => booking.captureId === captureId);
      const back = this.#published.filter((f) => f.type === "booking.refund_due" && f.data.captureId === captureId);
      assert.equal(applied.length + back.length, 1, `capture of ${bookingId}`);
    }
  }

  /** In words, what became of bookings and money. */
  ends(): string[] {
    return [...this.#bookings.values()].flatMap((booking) => {
      const facts = this.#factsOf(booking);
      const wasExpired = booking.status === "CONFIRMED" && facts.some(({ type }) => type === "booking.expired");
      const refunds = facts.flatMap((f) => (f.type === "booking.refund_due" ? [`refund ${f.data.reason}`] : []));
      const reason = wasExpired ? "after EXPIRED" : (booking.reason ?? "");
      return [`${booking.status} ${reason}`.trim(), ...refunds];
    });
  }

  #hold(indexes: number[]): void {
    const bookingId = randomUUID();
    const seatIds = indexes.map((index) => `seat ${index}`);
    const terms: TermsNow = {
      eventId: EVENT,
      organizerId: "o",
      onSale: this.#isOnSale,
      maxSeats: SEATS,
      holdSeconds: HOLD_SECONDS,
      currency: "EUR",
      now: new Date(this.#now),
      expiresAt: new Date(this.#now + HOLD_SECONDS * 1_000),
    };
    const idempotency = null;
    const [userId, correlationId] = ["u", "c"];
    const hold = { eventId: EVENT, seatIds, userId, bookingId, correlationId, idempotency, deadline: 1_000 };
    const [keys, bookings] = [new Map(), new Map()];
    const view = { terms: new Map([[EVENT, terms]]), seats: this.#seats, keys, bookings, waited: true, clock: 0 };
    let [verdict] = planHolds([hold], view);
    if (verdict?.kind === "takeover") {
      this.#expire(verdict.bookingIds);
      [verdict] = planHolds([hold], view);
    }
    assert.notEqual(verdict?.kind, "takeover", "run-out bookings that were expired are still in the way");
    if (verdict?.kind !== "granted") return;
    const { seats, totalMinor, currency } = verdict.booking;
    this.#bookings.set(bookingId, {
      ...{ id: bookingId, eventId: EVENT, userId, correlationId, status: "PENDING", reason: null, version: 1 },
      ...{ seats, totalMinor, currency, expiresAt: terms.expiresAt, createdAt: terms.now },
      ...{ ticketReference: null, captureId: null },
    });
    for (const seat of verdict.seats) this.#seats.set(seatKey(EVENT, seat.seatId), seat);
  }

  #tell(step: Extract<Step, { n: number }>): void {
    const booking = chosen([...this.#bookings.values()], step.n);
    if (!booking) return;
    const about = { bookingId: booking.id, eventId: EVENT };
    if (step.do === "cancel") this.#apply([{ ...about, cause: {}, on: "buyer.cancels" }]);
    else if (step.do === "refuse payment")
      this.#said.push(newFact("payment.failed", SOURCE, booking.id, { ...about, paymentId: "p", reason: "DECLINED" }));
    else {
      const amountMinor = booking.totalMinor - (step.amount === "less" ? 1 : 0);
      const currency = step.amount === "other currency" ? "USD" : booking.currency;
      const capture = { paymentId: "p", captureId: randomUUID(), amountMinor, currency };
      this.#said.push(newFact("payment.success", SOURCE, booking.id, { ...about, ...capture }));
    }
  }

  #expire(bookingIds: readonly string[]): void {
    const due = bookingIds.filter((id) => {
      const booking = this.#bookings.get(id);
      return booking?.status === "PENDING" && booking.expiresAt.getTime() <= this.#now;
    });
    this.#apply(due.map((bookingId) => ({ bookingId, eventId: EVENT, cause: {}, on: "deadline.passes" })));
  }

  /** As apply-batch.ts does: each fact once by its id, in rounds. */
  #deliver(facts: readonly PaymentResult[]): void {
    const fresh = [...new Set(facts)].filter(({ id }) => !this.#processed.has(id));
    for (const round of rounds(fresh, ({ subject }) => subject)) this.#apply(round.map(commandOf));
    for (const { id } of fresh) this.#processed.add(id);
  }

  #apply(commands: Command[]): void {
    const onSale = new Set(this.#isOnSale ? [EVENT] : []);
    const changes = planChanges(commands, { bookings: this.#bookings, seats: this.#seats, onSale });
    assert.equal(changes.length, commands.length);
    for (const change of changes) {
      const retakes = change.transition?.effects.includes("retakeSeats");
      assert(this.#isOnSale || !retakes, "seats are retaken though the sale is closed");
      if (change.transition?.effects.includes("assignTicketReference")) change.after.ticketReference = randomUUID();
      this.#bookings.set(change.after.id, change.after);
      for (const seat of change.seats) {
        const before = this.#seats.get(seatKey(EVENT, seat.seatId)) as LockedSeat;
        assert(seat.version > before.version, "a seat's version must rise with each change");
        this.#seats.set(seatKey(EVENT, seat.seatId), seat);
      }
      this.#published.push(...factsOfChange(change));
    }
  }

  #checkStory(booking: Booking): void {
    const facts = this.#factsOf(booking);
    const versions = facts.map(({ data }) => (data as { bookingVersion: number }).bookingVersion);
    const gapless = Array.from({ length: booking.version - 1 }, (_, n) => n + 2);
    assert.deepEqual(versions, gapless, "versions have a gap, or one is told twice");
    const story = facts.map(({ type }) => type).filter((type) => type !== "booking.refund_due");
    const told = story.join(" ").replaceAll("booking.", "");
    const { status, reason, captureId, ticketReference } = booking;
    const stories = { PENDING: /^$/, CONFIRMED: /^(expired )?confirmed$/, CANCELLED: /^(expired|cancelled)$/ };
    assert.match(told, stories[status]);
    assert.equal(reason === "EXPIRED", status === "CANCELLED" && told === "expired");
    assert.equal(captureId !== null, status === "CONFIRMED");
    assert.equal(ticketReference !== null, status === "CONFIRMED");
    const capture = this.#said.find((f) => f.type === "payment.success" && f.data.captureId === captureId);
    if (capture?.type !== "payment.success") return;
    const { amountMinor, currency, bookingId } = capture.data;
    assert.deepEqual([amountMinor, currency, bookingId], [booking.totalMinor, booking.currency, booking.id]);
  }

  #checkSeat({ seatId, status, bookingId, heldUntil }: LockedSeat): void {
    const active = [...this.#bookings.values()].filter(
      (booking) => booking.status !== "CANCELLED" && booking.seats.some((seat) => seat.seatId === seatId),
    );
    assert(active.length <= 1, `${seatId} is in ${active.length} bookings at once`);
    const holder = active[0];
    const expected = holder
      ? ({ PENDING: "HELD", CONFIRMED: "BOOKED" } as Record<string, string>)[holder.status]
      : "AVAILABLE";
    assert.deepEqual([status, bookingId], [expected, holder?.id ?? null]);
    assert.equal(heldUntil, status === "HELD" ? holder?.expiresAt.getTime() : null);
  }

  #factsOf = ({ id }: Booking): NewFact[] => this.#published.filter((fact) => fact.subject === id);
}

const chosen = <T>(among: readonly T[], n: number): T | undefined => among[n % Math.max(among.length, 1)];

function commandOf(fact: PaymentResult): Command {
  const { bookingId, eventId } = fact.data;
  const about = { bookingId, eventId, cause: causedBy(fact as Fact) };
  if (fact.type === "payment.failed") return { ...about, on: "payment.failed" };
  const { paymentId, captureId, amountMinor, currency } = fact.data;
  return { ...about, on: "payment.success", payment: { paymentId, captureId, amountMinor, currency } };
}
