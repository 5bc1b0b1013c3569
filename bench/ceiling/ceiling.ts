import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { clearShelf, putOnSale } from "./shelf.ts";
import type { World } from "./world.ts";

const CLIENTS = [4, 8, 16];
/** Seats that a client may take in one run, two a booking: more than it can. */
const SEATS_A_CLIENT = 40_000;

/**
 * What Postgres itself can do, one booking a transaction: bookings a second of pgbench, prepared, the best of 4, 8 and 16
 * clients. The statements, tables and indexes are those of a hold; each client takes seats of its own.
 */
export async function onePerTransaction(world: World, seconds: number): Promise<number> {
  let best = 0;
  for (const clients of CLIENTS) {
    await clearShelf(world.db);
    const [event] = await putOnSale(world.db, 1, clients * SEATS_A_CLIENT);
    const script = join(world.home, "one-per-transaction.sql");
    writeFileSync(script, scriptFor(event?.id as string));
    best = Math.max(best, await pgbench(world, script, clients, seconds));
  }
  await clearShelf(world.db);
  return best;
}

async function pgbench(world: World, script: string, clients: number, seconds: number): Promise<number> {
  const args = ["-n", "-M", "prepared", "-c", `${clients}`, "-j", "2", "-T", `${seconds}`, "-D", "at=0", "-f", script];
  const child = spawn("pgbench", [...args, world.bookingUrl], { stdio: ["ignore", "pipe", "pipe"] });
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "close")]);
  const tps = /tps = ([\d.]+)/.exec(out)?.[1];
  if (tps === undefined) throw new Error(`pgbench failed: ${err}`);
  return Number(tps);
}

/** The four statements of a hold, sent as two pipelines: the least that an application must wait. */
const scriptFor = (eventId: string) => `
\\set a :client_id * ${SEATS_A_CLIENT} + :at
\\set b :a + 1
\\set at :at + 2
\\startpipeline
begin;
select s.event_id, s.seat_id, s.seat_index, s.price_minor, s.status, s.booking_id, s.held_until, s.version
from seat_inventory s
where event_id = '${eventId}' and seat_id in (md5('${eventId}:' || :a)::uuid, md5('${eventId}:' || :b)::uuid)
order by event_id, seat_id for update;
select e.*, clock_timestamp() from event_inventory e where event_id = '${eventId}';
\\endpipeline
\\startpipeline
insert into bookings (event_id, id, organizer_id, user_id, status, total_minor, currency, expires_at, correlation_id,
                      created_at, updated_at)
values ('${eventId}', md5('b${eventId}:' || :a)::uuid, 'bench', 'buyer-' || :client_id, 'PENDING', 5000, 'EUR',
        clock_timestamp() + interval '1 hour', md5('c' || :a), clock_timestamp(), clock_timestamp());
insert into booking_items (event_id, booking_id, seat_id, price_minor)
values ('${eventId}', md5('b${eventId}:' || :a)::uuid, md5('${eventId}:' || :a)::uuid, 2500),
       ('${eventId}', md5('b${eventId}:' || :a)::uuid, md5('${eventId}:' || :b)::uuid, 2500);
update seat_inventory set status = 'HELD', booking_id = md5('b${eventId}:' || :a)::uuid,
       held_until = clock_timestamp() + interval '1 hour', version = version + 1
where event_id = '${eventId}' and seat_id in (md5('${eventId}:' || :a)::uuid, md5('${eventId}:' || :b)::uuid);
insert into outbox (fact_id, topic, key, value)
values (gen_random_uuid(), 'booking.created', convert_to(md5('b' || :a), 'UTF8'), convert_to(repeat('x', 700), 'UTF8')),
       (gen_random_uuid(), 'seat.changed', convert_to('${eventId}', 'UTF8'), convert_to(repeat('x', 500), 'UTF8'));
commit;
\\endpipeline
`;
