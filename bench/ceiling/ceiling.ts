import assert from "node:assert/strict";
import { type BenchEvent, clearShelf, countBookings, putOnSale, withoutRelay } from "../shelf.ts";
import type { World } from "../world.ts";
import { drive } from "./driver.ts";
import { inBatches, onePerTransaction, type Script, SEATS_A_BOOKING } from "./script.ts";

/** Seats laid out for each second of a run, two a booking: more than all clients together can take. */
const SEATS_A_SECOND = { one: 40_000, batched: 160_000 };

/** Ceiling (a): bookings a second of Postgres itself, one booking a transaction, the best of 4, 8 and 16 clients. */
export const ceilingOfOnes = (world: World, seconds: number): Promise<number> =>
  best(world, seconds, [4, 8, 16], { scriptOf: onePerTransaction, seatsASecond: SEATS_A_SECOND.one });

/** Ceiling (b): the same in transactions of 64 bookings, the best of 1, 2 and 4 clients. */
export const ceilingOfBatches = (world: World, seconds: number): Promise<number> =>
  best(world, seconds, [1, 2, 4], { scriptOf: inBatches, seatsASecond: SEATS_A_SECOND.batched });

/** Bookings a second of 8 clients, one a transaction, with statements changed and settings of their sessions. */
export const changedOnes = (
  world: World,
  seconds: number,
  change: (statement: string) => string | undefined,
  settings: readonly string[],
): Promise<number> =>
  atOnce(world, seconds, 8, {
    scriptOf: (eventId) => changed(onePerTransaction(eventId), change),
    seatsASecond: SEATS_A_SECOND.one,
    settings,
  });

const changed = ({ bookings, flights }: Script, change: (statement: string) => string | undefined): Script => ({
  bookings,
  flights: flights.map((flight) => flight.flatMap((statement) => change(statement) ?? [])),
});

interface Kind {
  scriptOf(eventId: string): Script;
  seatsASecond: number;
  /** Settings of the clients' sessions, `name=value`. */
  settings?: readonly string[];
}

async function best(world: World, seconds: number, clientCounts: number[], kind: Kind): Promise<number> {
  let best = 0;
  for (const clients of clientCounts) best = Math.max(best, await atOnce(world, seconds, clients, kind));
  return best;
}

/** Bookings a second that so many clients make of a kind, by what is in the database. */
const atOnce = (world: World, seconds: number, clients: number, kind: Kind): Promise<number> =>
  withoutRelay(world.db, async () => {
    const wholeSeconds = Math.max(1, Math.round(seconds));
    await clearShelf(world.db);
    const [event] = (await putOnSale(world.db, 1, kind.seatsASecond * wholeSeconds)) as [BenchEvent];
    const script = kind.scriptOf(event.id);
    const seatsEach = evenly(event.seats / clients, script.bookings * SEATS_A_BOOKING);
    const { settings = [] } = kind;
    const took = await drive(world, { script, clients, seatsEach, seconds: wholeSeconds, settings });
    const { bookings, oversold } = await countBookings(world.db);
    assert(bookings > 0 && oversold === 0 && bookings * SEATS_A_BOOKING < event.seats, `${bookings} bookings`);
    await clearShelf(world.db);
    return bookings / took;
  });

const evenly = (seats: number, step: number) => Math.floor(seats / step) * step;
