import type { Pool } from "pg";
import type { Finding } from "./finding.ts";

/** Broken rows that are named; the count goes on. */
const NAMED = 100;

export interface Counted {
  checked: number;
  wrong: number;
  /** The first of them. */
  findings: Finding[];
}

/** I1. One statement, so one snapshot: what is wrong in it was wrong when it was committed. */
export async function findDoubleSeats(booking: Pool): Promise<Counted> {
  const { rows } = await booking.query(
    `with active as (
       select event_id, seat_id, count(*) as times, array_agg(booking_id order by booking_id) as bookings
       from booking_items where released_at is null group by event_id, seat_id)
     select *, count(*) over () as wrong from active where times > 1 order by event_id, seat_id limit $1`,
    [NAMED],
  );
  const findings = rows.map(
    (row): Finding => ({
      invariant: "I1",
      subject: `seat ${row.seat_id} of event ${row.event_id}`,
      problem: `is in ${row.times} active bookings: ${row.bookings.join(", ")}`,
      waitsFor: "nothing",
      mark: "",
    }),
  );
  return { checked: await countActiveSeats(booking), wrong: Number(rows[0]?.wrong ?? 0), findings };
}

async function countActiveSeats(booking: Pool): Promise<number> {
  const { rows } = await booking.query(
    "select count(distinct (event_id, seat_id)) as seats from booking_items where released_at is null",
  );
  return Number(rows[0].seats);
}

/** I12. Seats, items and bookings are written in one transaction, so one statement must find them in agreement. */
export async function findSeatsAstray(booking: Pool): Promise<Counted> {
  const { rows } = await booking.query(
    `with active as (
       select i.event_id, i.seat_id, i.booking_id, b.status, b.expires_at
       from booking_items i left join bookings b on b.event_id = i.event_id and b.id = i.booking_id
       where i.released_at is null)
     select event_id, seat_id, s.status as seat_status, s.booking_id as seat_booking, s.held_until,
            a.booking_id, a.status as booking_status, a.expires_at, count(*) over () as wrong
     from seat_inventory s full join active a using (event_id, seat_id)
     where case
       when s.event_id is null then true
       when a.event_id is null then s.status in ('HELD', 'BOOKED') or s.booking_id is not null
       else s.booking_id is distinct from a.booking_id
         or s.status is distinct from case a.status when 'PENDING' then 'HELD' when 'CONFIRMED' then 'BOOKED' end
         or (s.status = 'HELD' and s.held_until is distinct from a.expires_at)
     end
     order by event_id, seat_id limit $1`,
    [NAMED],
  );
  const findings = rows.map(
    (row): Finding => ({
      invariant: "I12",
      subject: `seat ${row.seat_id} of event ${row.event_id}`,
      problem: `is ${said(row.seat_status, row.seat_booking, row.held_until)}, its active item ${said(row.booking_status, row.booking_id, row.expires_at)}`,
      waitsFor: "nothing",
      mark: "",
    }),
  );
  const { rows: count } = await booking.query("select count(*) as seats from seat_inventory");
  return { checked: Number(count[0].seats), wrong: Number(rows[0]?.wrong ?? 0), findings };
}

/** I12, from the other side: a live booking has all its seats, a dead one none. */
export async function findBookingsAstray(booking: Pool): Promise<Counted> {
  const { rows } = await booking.query(
    `with held as (
       select b.event_id, b.id, b.status,
              count(*) filter (where i.seat_id is not null and i.released_at is null) as active,
              count(i.seat_id) as items
       from bookings b left join booking_items i on i.event_id = b.event_id and i.booking_id = b.id
       group by b.event_id, b.id)
     select *, count(*) over () as wrong from held
     where active <> case when status = 'CANCELLED' then 0 else items end or items = 0
     order by event_id, id limit $1`,
    [NAMED],
  );
  const findings = rows.map(
    (row): Finding => ({
      invariant: "I12",
      subject: `booking ${row.id} of event ${row.event_id}`,
      problem: `is ${row.status} with ${row.active} of its ${row.items} seats`,
      waitsFor: "nothing",
      mark: "",
    }),
  );
  return { checked: 0, wrong: Number(rows[0]?.wrong ?? 0), findings };
}

const said = (status: string | null, booking: string | null, until: Date | null): string =>
  status === null
    ? `missing${booking ? ` (booking ${booking})` : ""}`
    : `${status}${booking ? ` by ${booking}` : ""}${until ? ` until ${until.toISOString()}` : ""}`;
