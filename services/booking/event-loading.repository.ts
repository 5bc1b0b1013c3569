import type { Pool } from "pg";
import type { SeatPrice } from "#contracts/catalog.ts";
import type { Tx } from "#mixins/transaction.ts";

/** An event whose seats, or their new prices, somebody is fetching: `loader` alone until its lease runs out. */
export interface Loading {
  eventId: string;
  /** The version of the terms that is being loaded. */
  version: number;
  seatCount: number;
  /** Names this claim and no other. */
  loader: string;
}

/** What stands on an event's shelf. */
export interface Shelf {
  count: number;
  /** The highest seat_index; -1 when the shelf is empty. */
  last: number;
}

/** Claims the oldest event that waits for its seats or their new prices; what another is claiming is left to it. */
export async function claimEvent(pool: Pool, loader: string, leaseMs: number): Promise<Loading | undefined> {
  const { rows } = await pool.query({
    name: "loading-claim",
    text: `
      with oldest as (
        select event_id from event_inventory
        where loaded_version < version and (lease_until is null or lease_until <= (select clock_timestamp()))
        order by created_at limit 1 for update skip locked)
      update event_inventory e set loader = $1, lease_until = clock_timestamp() + $2 * interval '1 ms'
      from oldest where e.event_id = oldest.event_id
      returning e.event_id, e.version, e.seat_count`,
    values: [loader, leaseMs],
  });
  const [row] = rows;
  return row && { eventId: row.event_id, version: row.version, seatCount: row.seat_count, loader };
}

/**
 * Locks the event for the rest of the transaction and puts its lease off. False when it is another's by now: whatever this
 * loader still has in hand is then not to be written.
 */
export async function extendLease(tx: Tx, { eventId, loader }: Loading, leaseMs: number): Promise<boolean> {
  const { rowCount } = await tx.query({
    name: "loading-extend-lease",
    text: `
      update event_inventory set lease_until = clock_timestamp() + $3 * interval '1 ms'
      where event_id = $1 and loader = $2`,
    values: [eventId, loader, leaseMs],
  });
  return rowCount === 1;
}

/** Lets an event wait before anybody claims it again, unless it is another's by now. */
export async function postponeEvent(pool: Pool, { eventId, loader }: Loading, waitMs: number): Promise<void> {
  await pool.query({
    name: "loading-postpone",
    text: `
      update event_inventory set loader = null, lease_until = clock_timestamp() + $3 * interval '1 ms'
      where event_id = $1 and loader = $2`,
    values: [eventId, loader, waitMs],
  });
}

export async function readShelf(db: Pick<Tx, "query">, eventId: string): Promise<Shelf> {
  const { rows } = await db.query({
    name: "loading-read-shelf",
    text: `
      select count(*)::integer as count, coalesce(max(seat_index), -1) as last
      from seat_inventory where event_id = $1`,
    values: [eventId],
  });
  return rows[0];
}

/** Puts seats on the shelf; those that are there stay as they are. */
export async function insertSeats(tx: Tx, eventId: string, seats: readonly SeatPrice[]): Promise<void> {
  await tx.query({
    name: "loading-insert-seats",
    text: `
      insert into seat_inventory (event_id, seat_id, seat_index, price_minor)
      select $1, s.* from unnest($2::uuid[], $3::integer[], $4::bigint[]) as s(seat_id, seat_index, price_minor)
      on conflict do nothing`,
    values: [eventId, seats.map((s) => s.seatId), seats.map((s) => s.index), seats.map((s) => s.priceMinor)],
  });
}

/** Gives the seats that are AVAILABLE their prices. Locks those that change, by seat id as everybody does. */
export async function repriceSeats(tx: Tx, eventId: string, seats: readonly SeatPrice[]): Promise<void> {
  await tx.query({
    name: "loading-reprice-seats",
    text: `
      with changed as (
        select s.seat_id, p.price_minor
        from unnest($2::uuid[], $3::bigint[]) as p(seat_id, price_minor)
        join seat_inventory s on s.event_id = $1 and s.seat_id = p.seat_id
        where s.status = 'AVAILABLE' and s.price_minor <> p.price_minor
        order by s.event_id, s.seat_id
        for update of s)
      update seat_inventory s set price_minor = changed.price_minor
      from changed where s.event_id = $1 and s.seat_id = changed.seat_id`,
    values: [eventId, seats.map((s) => s.seatId), seats.map((s) => s.priceMinor)],
  });
}

/** The event is on sale, with the terms of the version that was loaded; ends the claim, which the transaction has locked. */
export async function putOnSale(tx: Tx, { eventId, version, loader }: Loading): Promise<void> {
  await tx.query({
    name: "loading-put-on-sale",
    text: `
      update event_inventory set status = 'ON_SALE', loaded_version = $2, loader = null, lease_until = null
      where event_id = $1 and loader = $3`,
    values: [eventId, version, loader],
  });
}
