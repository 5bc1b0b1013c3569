import { setTimeout as sleep } from "node:timers/promises";
import { connected } from "#stack/postgres/databases.ts";
import type { Piece } from "../../support/tcp-proxy.ts";
import { cutAgain, killServer } from "../blows.ts";
import type { Fault, Stage } from "../fault.ts";
import { rogue } from "../rogue.ts";

const COMMITTED = Buffer.from("COMMIT\0");
const COMMIT = Buffer.from("commit\0");
/** What stands before the text of a simple query: its type and length. */
const QUERY_HEAD = 5;

export const POSTGRES_FAULTS: readonly Fault[] = [
  {
    name: "backends-terminated",
    what: "backends are terminated before they commit",
    async strike({ world, random }) {
      await connected(world.adminUrl("booking"), async (client) => {
        for (let n = 0; n < 15; n++) {
          await client.query(`select pg_terminate_backend(pid) from pg_stat_activity
            where application_name like 'eventix-%' and (xact_start is not null or random() < 0.05) and random() < 0.5`);
          await sleep(random.between(50, 250));
        }
      });
    },
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
    strike: ({ world, random }) =>
      rogue(world, async (client) => {
        await client.query("lock table bookings in share row exclusive mode");
        await sleep(random.between(1_000, 2_500));
      }),
  },
  {
    name: "opposite-orders",
    what: "another client locks the same seats in the opposite order",
    async strike({ world, random, halls }) {
      for (let n = 0; n < 12; n++) {
        await rogue(world, async (client) => {
          const { eventId, seatIds } = random.pick(halls);
          for (const seatId of random.some(seatIds, 6).sort().reverse()) {
            await client.query("select from seat_inventory where event_id = $1 and seat_id = $2 for update", [
              eventId,
              seatId,
            ]);
            await sleep(random.between(5, 40));
          }
        }).catch(() => {}); // the victim of the deadlock
      }
    },
  },
  {
    name: "client-stopped",
    what: "a node is stopped inside its transactions, past what Postgres allows, then goes on",
    async strike({ world, random }) {
      const node = world.nodes.get(random.pick(["a", "b"]));
      world.postgres.delay(30);
      await sleep(300);
      node?.kill("SIGSTOP");
      world.postgres.delay(0);
      await sleep(random.between(3_300, 4_300));
      node?.kill("SIGCONT");
    },
  },
  {
    name: "lock-past-deadline",
    what: "another client keeps seats locked past the deadline of the holds that want them",
    strike: ({ world, random, halls }) =>
      rogue(world, async (client) => {
        const { eventId, seatIds } = halls[0] as (typeof halls)[number];
        const some = random.some(seatIds, 8).sort();
        await client.query(
          `select from seat_inventory where event_id = $1 and seat_id = any($2::uuid[])
           order by event_id, seat_id for update`,
          [eventId, some],
        );
        await sleep(random.between(5_200, 6_500));
      }),
  },
];

const before = (at: number, head: number): number | undefined => (at < 0 ? undefined : Math.max(at - head, 0));

/** Breaks a third of the connections at the place that `find` finds, for two seconds. */
async function cutting({ world, random }: Stage, find: (piece: Piece) => number | undefined): Promise<void> {
  world.postgres.cutAt = (piece) => {
    const at = find(piece);
    return at !== undefined && random.chance(0.3) ? at : undefined;
  };
  await sleep(2_000);
  world.postgres.cutAt = () => undefined;
}
