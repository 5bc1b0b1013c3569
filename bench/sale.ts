import assert from "node:assert/strict";
import type { LoadJob, LoadResult, RequestLine } from "./load/job.ts";
import type { Effort } from "./scenario.ts";
import { ownPairs } from "./seats.ts";
import { type BenchEvent, clearShelf, countBookings, putOnSale } from "./shelf.ts";
import { type BenchNode, load, type World } from "./world.ts";

/** More buyers than requests in flight, so that hardly any buyer has two. */
export const BUYERS = 512;

export interface Sale {
  node: BenchNode;
  tokens: string[];
}

/** A node that sells, when it has sold for a while. */
export async function openShop(world: World, effort: Effort, services = "gateway,booking"): Promise<Sale> {
  const sale = { node: await world.node(services), tokens: world.tokens(BUYERS) };
  await warmUp(world, effort, sale);
  return sale;
}

/** Lets it sell for a while: a young process runs code that is not compiled yet. */
export async function warmUp(
  world: World,
  { seconds, scale }: Effort,
  sale: Sale,
  loads = Math.ceil(3 * scale),
): Promise<void> {
  for (let warming = 0; warming < loads; warming++) {
    const events = await openSale(world, sale, 50, Math.ceil(4_000 * scale));
    await sell(world, sale, events, { pace: { closed: 128 }, seconds });
  }
}

/** New events with nothing sold, every actor awake and every token verified. */
export async function openSale(world: World, sale: Sale, events: number, seats: number): Promise<BenchEvent[]> {
  await clearShelf(world.db);
  const shelf = await putOnSale(world.db, events, seats);
  await warm(sale, shelf);
  return shelf;
}

/** Wakes the events' actors on a node, and lets it verify every token. */
export async function warm({ node, tokens }: Sale, events: readonly BenchEvent[]): Promise<void> {
  const known = tokens.map((_, token): RequestLine => ({ method: "GET", path: "/api/bookings/my?limit=1", token }));
  const body = ({ id }: BenchEvent) => JSON.stringify({ eventId: id, seatIds: [NO_SEAT] });
  const awake = events.map(
    (event): RequestLine => ({ method: "POST", path: "/api/bookings", token: 0, body: body(event) }),
  );
  const requests = [...known, ...awake];
  const result = await load({ port: node.port, tokens, requests, pace: { closed: 16 }, seconds: 60, repeat: false });
  // Nobody has such a seat, so the event is awake and nothing is sold.
  assert.deepEqual(
    result.statuses,
    { 200: known.length, 422: awake.length },
    "buyers and events are known to the node",
  );
}

const NO_SEAT = "00000000-0000-4000-8000-000000000000";

export interface Sold extends LoadResult {
  /** Bookings in the database, of this load. */
  accepted: number;
  perSecond: number;
}

/**
 * Lets buyers take pairs of seats of their own for so long, or until half of the seats are held, and counts in the database.
 * Throws when it does not hold exactly what the buyers were told, or a seat twice, or when a buyer was answered with another status.
 */
export async function sell(
  world: World,
  { node, tokens }: Sale,
  events: readonly BenchEvent[],
  { pace, seconds, requests = ownPairs(events, tokens.length), times = false, answers = [201], end }: Selling,
): Promise<Sold> {
  const { bookings: before } = await countBookings(world.db);
  const result = await load({ port: node.port, tokens, requests, pace, seconds, repeat: false, times }, end);
  assertAnswered(result, answers);
  return sold(world, before, result);
}

type Selling = Pick<LoadJob, "pace" | "seconds" | "times"> & {
  requests?: RequestLine[];
  /** Statuses that a buyer may be answered with. */
  answers?: readonly number[];
  end?: AbortSignal;
};

/** Throws when something was answered otherwise, or not at all: latencies and rates would be those of the lucky ones. */
export function assertAnswered({ statuses }: LoadResult, allowed: readonly number[]): void {
  const other = Object.entries(statuses).filter(([status]) => !allowed.includes(Number(status)));
  assert.deepEqual(other, [], `each answer is one of ${allowed}; 0 is one that did not come`);
}

/** Counts in the database what a load has sold where there were so many bookings before, beside what its buyers were told. */
export async function sold(world: World, before: number, result: LoadResult): Promise<Sold> {
  const accepted = await soldTo(world, before, [result]);
  return { ...result, accepted, perSecond: accepted / result.seconds };
}

/** The same for loads that ran together: how many bookings they all have made. */
export async function soldTo(world: World, before: number, results: readonly LoadResult[]): Promise<number> {
  const { bookings, oversold } = await countBookings(world.db);
  const accepted = bookings - before;
  const told = (status: number) => results.reduce((sum, { statuses }) => sum + (statuses[status] ?? 0), 0);
  assert.equal(oversold, 0, "a seat is in two bookings");
  assert(accepted >= told(201) && accepted <= told(201) + told(0), `${accepted} bookings, ${told(201)} answers 201`);
  return accepted;
}
