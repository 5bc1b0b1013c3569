import { createPool } from "#mixins/database.mixin.ts";
import { putOnSale } from "../../bench/shelf.ts";
import { until } from "../support/until.ts";
import { ask } from "./ask.ts";
import { rogue } from "./rogue.ts";
import type { World } from "./world.ts";

const DUE = 10_000;
const SWEPT_MS = 30_000;

/** Holds of an event of their own, of a seat each, that have all run out: with the facts that told of them. */
export async function layOutDue(world: World): Promise<string> {
  const pool = createPool(world.url("booking"), "eventix-faults", 1);
  const [event] = await putOnSale(pool, 1, DUE).finally(() => pool.end());
  const eventId = event?.id as string;
  await rogue(world, async (client) => {
    await client.query(
      `with holds as (
         insert into bookings (event_id, id, organizer_id, user_id, status, total_minor, currency, expires_at, correlation_id,
                               created_at, updated_at)
         select event_id, uuidv7(), 'bench', seat_id::text, 'PENDING', price_minor, 'EUR', clock_timestamp() - interval '1 ms', 'due',
                clock_timestamp(), clock_timestamp()
         from seat_inventory where event_id = $1
         returning event_id, id, user_id::uuid as seat_id, total_minor, expires_at),
       items as (
         insert into booking_items (event_id, booking_id, seat_id, price_minor)
         select event_id, id, seat_id, total_minor from holds)
       insert into outbox (fact_id, topic, key, value)
       select f.id, 'booking.created', convert_to(h.id::text, 'UTF8'), convert_to(json_build_object(
         'id', f.id, 'source', 'eventix/booking', 'type', 'booking.created', 'subject', h.id,
         'time', to_char(now() at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'specversion', '1.0', 'correlationid', 'due',
         'data', json_build_object('bookingId', h.id, 'bookingVersion', 1, 'eventId', h.event_id, 'userId', h.seat_id,
           'seats', json_build_array(json_build_object('seatId', h.seat_id, 'priceMinor', h.total_minor)),
           'totalMinor', h.total_minor, 'currency', 'EUR', 'holdSeconds', 1,
           'expiresAt', to_char(h.expires_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')))::text, 'UTF8')
       from holds h cross join lateral (select uuidv7() as id where h.id is not null) f`,
      [eventId],
    );
    await client.query(
      `update seat_inventory s set status = 'HELD', booking_id = b.id, held_until = b.expires_at, version = 1
       from bookings b where s.event_id = $1 and b.event_id = $1 and b.user_id = s.seat_id::text`,
      [eventId],
    );
    await client.query("commit");
  });
  return eventId;
}

/** Waits until all of them are swept. Throws when they are not. */
export const untilNoneDue = (world: World, eventId: string): Promise<unknown> =>
  until(
    async () =>
      (await ask<number>(
        world,
        "booking",
        "select count(*)::int from bookings where event_id = $1 and status = 'PENDING'",
        [eventId],
      )) === 0,
    { what: `${DUE} holds to be swept`, ms: SWEPT_MS },
  );
