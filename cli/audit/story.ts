import type { Fact } from "#contracts/events.ts";
import { KAFKA_TOPICS } from "#contracts/topics.ts";
import { partsOf, type State, stateOf, TRANSITIONS } from "../../services/booking/booking.transitions.ts";
import type { ToldBooking } from "./fact.repository.ts";

/** What a fact of a booking says of its course. */
export interface Step {
  topic: string;
  reason: string | null;
  ticketReference: string | null;
}

/** A booking as its facts tell it, in whatever order its topics were read. */
export class Story {
  readonly eventId: string;
  /** By bookingVersion; a repeat says the same. */
  readonly steps = new Map<number, Step>();
  readonly #newest = new Map<string, number>();
  #disorder: string | undefined;

  constructor(eventId: string) {
    this.eventId = eventId;
  }

  /** Takes in the next fact of its topic. */
  hear({ type, data }: Fact): void {
    const {
      bookingVersion,
      reason = null,
      ticketReference = null,
    } = data as unknown as Step & { bookingVersion: number };
    if (this.steps.has(bookingVersion)) return;
    const before = this.#newest.get(type) ?? 0;
    if (bookingVersion < before) this.#disorder ??= `has version ${bookingVersion} after ${before} on ${type}`;
    this.#newest.set(type, bookingVersion);
    this.steps.set(bookingVersion, { topic: type, reason, ticketReference });
  }

  get lastVersion(): number {
    return Math.max(0, ...this.steps.keys());
  }

  /** I5: first occurrences of a key come in their order on each topic. */
  get disorder(): string | undefined {
    return this.#disorder;
  }

  /** I5: a version up to this one that no topic has. */
  missingUpTo(version: number): number | undefined {
    for (let n = 1; n <= version; n++) if (!this.steps.has(n)) return n;
    return undefined;
  }

  /** I2: what in the facts up to the booking's version is no course of a booking, or ends elsewhere than it is. */
  faultUpTo(booking: ToldBooking): string | undefined {
    let state: State | undefined;
    let ticket: string | null = null;
    for (let n = 1; n <= booking.version; n++) {
      const step = this.steps.get(n) as Step;
      const next = after(state, step);
      if (!next) return `is told ${step.topic} when it is ${state ?? "not made"} (version ${n})`;
      state = next;
      if (step.topic === KAFKA_TOPICS.BOOKING_CONFIRMED) ticket = step.ticketReference;
    }
    const now = stateOf(booking as Parameters<typeof stateOf>[0]);
    if (state !== now) return `is ${now}, and its facts end with ${state}`;
    return ticket === booking.ticketReference
      ? undefined
      : `has ticket ${booking.ticketReference}, and its facts tell ${ticket}`;
  }
}

/** The state a fact leads to by the table of transitions; undefined where the table has no such row. */
function after(state: State | undefined, { topic, reason }: Step): State | undefined {
  if (state === undefined) return topic === KAFKA_TOPICS.BOOKING_CREATED ? "PENDING" : undefined;
  const row = TRANSITIONS.find(
    ({ from, publishes, to, refundReason }) =>
      (from === state || from === "*") &&
      publishes === topic &&
      (refundReason === undefined || refundReason === reason) &&
      (to === undefined || to === "CONFIRMED" || partsOf(to).reason === reason),
  );
  return row && (row.to ?? state);
}
