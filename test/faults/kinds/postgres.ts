import { setTimeout as sleep } from "node:timers/promises";
import type pg from "pg";
import { sqlState } from "#mixins/transaction.ts";
import { connected } from "#stack/postgres/databases.ts";
import type { Piece } from "../../support/tcp-proxy.ts";
import { ask, askUntil } from "../ask.ts";
import { cutAgain, killServer } from "../blows.ts";
import type { Fault, Stage } from "../fault.ts";
import { rogue } from "../rogue.ts";

const COMMITTED = Buffer.from("COMMIT\0");
const COMMIT = Buffer.from("commit\0");
/** As few as a node may have. */
const POOL_SIZE = 2;
const DEADLOCK_MS = 30;
/** What stands before the text of a simple query: its type and length. */
const QUERY_HEAD = 5;

export const POSTGRES_FAULTS: readonly Fault[] = [
  {
    name: "backends-terminated",
    what: "backends are terminated before they commit",
    breaks: "postgres",
    strike: ({ world, random }) =>
      connected(world.adminUrl("booking"), async (client) => {
        let ended = 0;
        for (let n = 0; n < 15; n++) {
          const { rows } = await client.query(`select xact_start, pg_terminate_backend(pid) from pg_stat_activity
            where application_name like 'eventix-%' and (xact_start is not null or random() < 0.05) and random() < 0.5`);
          ended += rows.filter(({ xact_start }) => xact_start !== null).length;
          await sleep(random.between(50, 250));
        }
        return ended > 0;
      }),
  },
  {
    name: "commit-unanswered",
    what: "COMMIT is done and its answer is lost",
    strike: (stage) =>
      cutting(stage, ({ way, data }) => (way === "down" ? before(data.indexOf(COMMITTED), 0) : undefined)),
  },
  {
    name: "commit-unheard",
    what: "the connection breaks just before COMMIT",
    strike: (stage) =>
      cutting(stage, ({ way, data }) => (way === "up" ? before(data.indexOf(COMMIT), QUERY_HEAD) : undefined)),
  },
  {
    name: "postgres-killed",
    what: "Postgres is killed with all its backends and comes back",
    breaks: "postgres",
    strike: (stage) => killServer(stage, "postgres", [0, 1_000]),
  },
  {
    name: "connections-cut",
    what: "all connections to Postgres are cut, again and again",
    strike: (stage) => cutAgain(stage, stage.world.postgres, 8, [100, 600]),
  },
  {
    name: "pool-exhausted",
    what: "every connection of the pools waits for a lock on a whole table",
    settings: { POOL_SIZE: String(POOL_SIZE) },
    strike: ({ world, random }) =>
      rogue(world, async (client) => {
        await client.query("lock table bookings in access exclusive mode");
        const waiting = `
          select from pg_stat_activity where application_name like 'eventix-booking@%' and wait_event_type = 'Lock'
          group by application_name having count(*) >= ${POOL_SIZE}`;
        return during(random.between(1_000, 2_500), async () => (await client.query(waiting)).rowCount !== 0);
      }),
  },
  {
    name: "opposite-orders",
    what: "another client locks the same seats in the opposite order",
    async strike(stage) {
      const { world, random } = stage;
      const deadlocks = "select deadlocks::int from pg_stat_database where datname = current_database()";
      const before = await ask<number>(world, "booking", deadlocks);
      const set = (what: string) =>
        connected(world.adminUrl("booking"), async (client) => {
          await client.query(`alter system ${what}`);
          await client.query("select pg_reload_conf()");
        });
      // Otherwise it is found after a second, when lock_timeout has long ended the wait.
      await set(`set deadlock_timeout = '${DEADLOCK_MS}ms'`);
      try {
        for (let n = 0; n < 12; n++) await lockBackwards(stage, random.chance(0.5));
      } finally {
        await set("reset deadlock_timeout");
      }
      // Backends write down what they counted when they come to rest.
      return (await askUntil(world, "booking", { sql: `select (${deadlocks}) > ${before}`, ms: 2_000 })) !== undefined;
    },
  },
  {
    name: "client-stopped",
    what: "a node is stopped inside its transactions, past what Postgres allows, then goes on",
    async strike({ world, random }) {
      const name = random.pick(["a", "b"]);
      const node = world.nodes.get(name);
      const inside = `
        select count(*)::int from pg_stat_activity where state like 'idle in transaction%'
        and application_name ~ '@${name}-' and state_change < clock_timestamp() - interval '500 ms'`;
      let isInside = false;
      world.postgres.delay(30);
      for (let n = 0; n < 4 && !isInside; n++) {
        await sleep(300);
        node?.kill("SIGSTOP");
        await sleep(700);
        isInside = (await ask<number>(world, "booking", inside)) > 0;
        if (!isInside) node?.kill("SIGCONT");
      }
      world.postgres.delay(0);
      if (isInside) await sleep(random.between(2_600, 3_600));
      node?.kill("SIGCONT");
      return isInside;
    },
  },
  {
    name: "lock-past-deadline",
    what: "another client keeps seats locked past the deadline of the holds that want them",
    async strike({ world, random, halls, history }) {
      const { eventId, seatIds } = halls[0] as (typeof halls)[number];
      const some = random.some(seatIds, 8).sort();
      const began = Date.now();
      await rogue(world, async (client) => {
        await client.query(
          `select from seat_inventory where event_id = $1 and seat_id = any($2::uuid[])
           order by event_id, seat_id for update`,
          [eventId, some],
        );
        await sleep(random.between(5_200, 6_500));
      });
      const over = Date.now();
      return () =>
        history
          .ofKind("hold")
          .some(
            (op) =>
              op.status === 503 &&
              op.invoked > began &&
              op.invoked < over &&
              op.seatIds.some((id) => some.includes(id)),
          );
    },
  },
];

const before = (at: number, head: number): number | undefined => (at < 0 ? undefined : Math.max(at - head, 0));

/** Breaks a third of the connections at the place that `find` finds, for two seconds. */
async function cutting({ world, random }: Stage, find: (piece: Piece) => number | undefined): Promise<boolean> {
  let cuts = 0;
  world.postgres.cutAt = (piece) => {
    const at = find(piece);
    if (at === undefined || !random.chance(0.3)) return undefined;
    cuts++;
    return at;
  };
  await sleep(2_000);
  world.postgres.cutAt = () => undefined;
  return cuts > 0;
}

const LOOK_MS = 20;

/** Looks for so long whether something is ever so. */
async function during(ms: number, look: () => Promise<boolean>): Promise<boolean> {
  let isSeen = false;
  for (const end = Date.now() + ms; Date.now() < end; await sleep(LOOK_MS)) isSeen ||= await look();
  return isSeen;
}

/**
 * Locks the last seat of a booking that is still open, and when whoever ends it has locked the others and waits for that one, the
 * first: a deadlock, of which Postgres ends us or them. `patient`: they look for it first.
 */
const lockBackwards = ({ world, halls }: Stage, patient: boolean): Promise<void> =>
  rogue(world, async (client) => {
    if (patient) await client.query("set local deadlock_timeout = '10s'");
    const { rows } = await client.query(
      `select i.event_id, min(i.seat_id::text) as first, max(i.seat_id::text) as last
       from bookings b join booking_items i on i.event_id = b.event_id and i.booking_id = b.id
       where b.event_id = any($1::uuid[]) and b.status = 'PENDING'
       group by i.event_id, b.id having count(*) > 1 order by min(b.expires_at) limit 1`,
      [halls.map(({ eventId }) => eventId)],
    );
    const [seats] = rows;
    if (!seats) return sleep(100);
    await lockSeat(client, seats.event_id, seats.last);
    const blocked = "select from pg_stat_activity where pg_backend_pid() = any(pg_blocking_pids(pid))";
    const end = Date.now() + 1_000;
    while ((await client.query(blocked)).rowCount === 0) {
      if (Date.now() > end) return;
      await sleep(5);
    }
    await lockSeat(client, seats.event_id, seats.first).catch((error) => {
      if (sqlState(error) !== DEADLOCK) throw error;
    });
  });

const DEADLOCK = "40P01";

const lockSeat = (client: pg.Client, eventId: string, seatId: string) =>
  client.query("select from seat_inventory where event_id = $1 and seat_id = $2 for update", [eventId, seatId]);
