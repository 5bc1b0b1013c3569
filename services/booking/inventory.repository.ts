import type { Pool } from "pg";
import { type SeatState, SeatStatus } from "#contracts/booking.ts";
import type { FactData } from "#contracts/events.ts";
import type { Tx } from "#mixins/transaction.ts";
import type { SeatReading } from "./seat.memory.ts";

/** LOADING until all seats are on the shelf for the first time, ON_SALE for ever after. */
export type ShelfStatus = "LOADING" | "ON_SALE";

/** What the seats of an event were at one moment. */
export interface SeatsRead {
  /** The database's clock, epoch ms. */
  now: number;
  seats: SeatReading[];
}

const STATUSES = Object.values(SeatStatus);
/** A seat's status as one digit: its place in SeatStatus. */
const STATUS_DIGIT = `case status ${STATUSES.map((status, digit) => `when '${status}' then '${digit}'`).join(" ")} end`;

/**
 * Writes down the terms of events, each event once; a new one is LOADING, without seats. A version not higher than the known
 * one changes nothing; a higher one replaces the terms, and `version` is ahead of `loaded_version` until the prices follow.
 */
export async function recordEvents(tx: Tx, terms: readonly FactData<"event.published">[]): Promise<void> {
  await tx.query({
    name: "inventory-record-events",
    text: `
      insert into event_inventory (event_id, organizer_id, status, version, currency, hold_seconds,
                                   max_seats_per_booking, sale_from, sale_until, seat_count)
      select "eventId", "organizerId", 'LOADING', version, currency, "holdSeconds", "maxSeats", "saleFrom", "saleUntil",
             "seatCount"
      from json_to_recordset($1) as t("eventId" uuid, "organizerId" text, version integer, currency text,
        "holdSeconds" integer, "maxSeats" integer, "saleFrom" timestamptz, "saleUntil" timestamptz, "seatCount" integer)
      order by "eventId"
      on conflict (event_id) do update
      set version = excluded.version, organizer_id = excluded.organizer_id, currency = excluded.currency,
          hold_seconds = excluded.hold_seconds, max_seats_per_booking = excluded.max_seats_per_booking,
          sale_from = excluded.sale_from, sale_until = excluded.sale_until, seat_count = excluded.seat_count
      where event_inventory.version < excluded.version`,
    values: [JSON.stringify(terms)],
  });
}

/** Undefined for an event that booking has not heard of. */
export async function findShelfStatus(pool: Pool, eventId: string): Promise<ShelfStatus | undefined> {
  const { rows } = await pool.query<{ status: ShelfStatus }>({
    name: "inventory-shelf-status",
    text: "select status from event_inventory where event_id = $1",
    values: [eventId],
  });
  return rows[0]?.status;
}

/** All seats of an event, ordered by seat id. */
export const loadSeats = (pool: Pool, eventId: string): Promise<SeatsRead> =>
  readColumns(pool, "inventory-load-seats", "event_id = $1 order by seat_id", [eventId]);

/** Some seats of an event by key, ordered by seat id; those it does not have are left out. */
export const readSeats = (pool: Pool, eventId: string, seatIds: readonly string[]): Promise<SeatsRead> =>
  readColumns(pool, "inventory-read-seats", "event_id = $1 and seat_id = any($2::uuid[]) order by seat_id", [
    eventId,
    seatIds,
  ]);

/** The states of all seats of an event, in the order of seat_index. */
export async function readStates(pool: Pool, eventId: string): Promise<SeatState[]> {
  const { seats } = await readColumns(pool, "inventory-read-states", "event_id = $1 order by seat_index", [eventId]);
  return seats.map(({ seatId, index, status, version }) => ({ seatId, index, status, version }));
}

/** How many seats an event has, and the indexes of those that are not AVAILABLE. */
export interface TakenSeats {
  seatCount: number;
  taken: Record<Exclude<SeatStatus, "AVAILABLE">, number[]>;
}

/**
 * Costs little more than counting the seats, as most are free for most of the time: all states in the order of seat_index
 * cost 2.5 times as much, for the sorting.
 */
export async function readTaken(pool: Pool, eventId: string): Promise<TakenSeats> {
  const { rows } = await pool.query({
    name: "inventory-read-taken",
    text: `
      select count(*)::integer as count,
             string_agg(seat_index::text, ' ') filter (where status = 'HELD') as held,
             string_agg(seat_index::text, ' ') filter (where status = 'BOOKED') as booked,
             string_agg(seat_index::text, ' ') filter (where status = 'BLOCKED') as blocked
      from seat_inventory where event_id = $1`,
    values: [eventId],
  });
  const [{ count, held, booked, blocked }] = rows as [
    Record<"held" | "booked" | "blocked", string | null> & { count: number },
  ];
  const indexes = (joined: string | null) => split(joined).map(Number);
  return { seatCount: count, taken: { HELD: indexes(held), BOOKED: indexes(booked), BLOCKED: indexes(blocked) } };
}

/**
 * One row of joined columns instead of a row a seat: the driver's work a row and value is most of the time that a large event
 * takes to read.
 */
async function readColumns(pool: Pool, name: string, where: string, values: unknown[]): Promise<SeatsRead> {
  const { rows } = await pool.query({
    name,
    text: `
      select (extract(epoch from clock_timestamp()) * 1000)::bigint as now,
             string_agg(seat_id::text, ' ') as ids,
             string_agg(seat_index::text, ' ') as indexes,
             string_agg(${STATUS_DIGIT}, '') as digits,
             string_agg(version::text, ' ') as versions,
             string_agg(case status when 'HELD' then (extract(epoch from held_until) * 1000)::bigint::text else '' end, ' ')
               as held
      from (select * from seat_inventory where ${where}) s`,
    values,
  });
  const [row] = rows;
  const ids = split(row.ids);
  const indexes = split(row.indexes);
  const versions = split(row.versions);
  const held = split(row.held);
  const seats = ids.map((seatId, i) => ({
    seatId,
    index: Number(indexes[i]),
    status: STATUSES[Number(row.digits[i])] as SeatStatus,
    version: Number(versions[i]),
    heldUntil: held[i] ? Number(held[i]) : null,
  }));
  return { now: Number(row.now), seats };
}

const split = (joined: string | null): string[] => (joined === null ? [] : joined.split(" "));
