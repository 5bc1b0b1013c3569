import { setTimeout as sleep } from "node:timers/promises";
import type { BookingResponse, SeatsAvailability } from "#contracts/booking.ts";
import { type ApiClient, ApiError } from "../api.client.ts";
import { GROUP_SEATS } from "./samples.ts";

/** Availability may be 250 ms old: asked sooner, seats just bought would look free. */
const LOOK_MS = 300;
/** Payments take half a second, and one in ten is declined. A provider that is set otherwise is not waited for. */
const PATIENCE_MS = 10_000;
const BUYERS_AT_ONCE = 8;
/** Somebody else was faster, or there is more to do than can be done: the next look tells. */
const PASSING = new Set(["SEAT_ALREADY_RESERVED", "SERVICE_UNAVAILABLE", "RATE_LIMITED"]);

/**
 * Sells what is left of an event in groups of up to ten seats, each to a guest of its own, by bookings and payments like any
 * other; seats of declined payments are sold again. Returns how many seats are not sold when its patience is at an end: the
 * bookings on their way go on without it.
 */
export async function sellOut(look: ApiClient, eventId: string, newGuest: () => ApiClient): Promise<number> {
  const end = Date.now() + PATIENCE_MS;
  for (;;) {
    const { seats } = await look.get<SeatsAvailability>(`/api/events/${eventId}/availability`);
    const free = seats.flatMap(({ seatId, status }) => (status === "AVAILABLE" ? [seatId] : []));
    const unsold = free.length + seats.filter(({ status }) => status === "HELD").length;
    if (unsold === 0 || Date.now() > end) return unsold;
    const groups = groupsOf(free).values();
    await Promise.all(
      Array.from({ length: BUYERS_AT_ONCE }, async () => {
        for (const seatIds of groups) await buy(newGuest(), eventId, seatIds);
      }),
    );
    await sleep(LOOK_MS);
  }
}

/** Neighbours, in groups of all sizes: what was declined to a group is asked for by another one. */
function groupsOf(seatIds: readonly string[]): string[][] {
  const groups: string[][] = [];
  for (let from = 0; from < seatIds.length; ) {
    const size = 1 + Math.floor(Math.random() * GROUP_SEATS);
    groups.push(seatIds.slice(from, from + size));
    from += size;
  }
  return groups;
}

async function buy(guest: ApiClient, eventId: string, seatIds: string[]): Promise<void> {
  try {
    await guest.post<BookingResponse>("/api/bookings", { eventId, seatIds });
  } catch (error) {
    if (!(error instanceof ApiError && PASSING.has(error.code))) throw error;
  }
}
