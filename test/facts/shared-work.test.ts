import assert from "node:assert/strict";
import { type ChildProcess, fork } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { join } from "node:path";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { newFact } from "#contracts/events.ts";
import { FactPublisher } from "#mixins/fact-publisher.ts";
import { appendFacts } from "#mixins/outbox.repository.ts";
import { Relay } from "#mixins/relay.ts";
import { transaction } from "#mixins/transaction.ts";
import { freshDatabase } from "../support/database.ts";
import { until } from "../support/until.ts";
import { kafka, recordingLogger } from "./fixture.ts";

/**
 * Promised are three seconds, and twelve after a kill. Members share this machine with all other tests: here a join or leave must
 * only stay below the ten seconds that the group waits for a member that does not join again.
 */
const HANDED_OVER_MS = 3_000;
const REBALANCED_MS = 8_000;
const MISSED_MS = 12_000;
const MEMBER = join(import.meta.dirname, "support/member.ts");

function startMember(
  ...args: [what: "relay" | "standby" | "consumer", url: string, group: string, eventId: string]
): ChildProcess {
  const member = fork(MEMBER, args);
  after(() => member.kill("SIGKILL"));
  return member;
}

async function end(member: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  const ended = once(member, "exit");
  member.kill(signal);
  await ended;
}

/** A database whose connections are closed when the tests have ended. */
async function database(): Promise<{ url: string; pool: pg.Pool }> {
  const url = await freshDatabase("payment");
  const pool = new pg.Pool({ connectionString: url });
  pool.on("error", () => {});
  after(() => pool.end());
  return { url, pool };
}

/** Writes facts of these bookings to the outbox, one of each and again, until `stop` has returned how many there are. */
function writing(pool: pg.Pool, eventId: string, bookings: readonly string[], { backlog = 0, everyMs = 50 } = {}) {
  let version = 1;
  let going = true;
  const write = async (times: number): Promise<void> => {
    const facts = Array.from({ length: times }, () => ++version).flatMap((bookingVersion) =>
      bookings.map((bookingId) => {
        const data = { bookingId, bookingVersion, eventId, userId: "alice", reason: "BY_USER" as const };
        return newFact("booking.cancelled", "eventix/booking", bookingId, data, { correlationid: "c-1" });
      }),
    );
    await transaction(pool, (tx) => appendFacts(tx, facts));
  };
  const done = (async () => {
    for (let n = 0; n < backlog; n += 20) await write(20);
    for (; going; await sleep(everyMs)) await write(1);
  })();
  return {
    async stop(): Promise<number> {
      going = false;
      await done;
      return (version - 1) * bookings.length;
    },
  };
}

test("when the relay is killed that was chosen, and then another, the rest relay within three seconds", async (t) => {
  const { url, pool } = await database();
  const eventId = randomUUID();
  const facts = writing(pool, eventId, [randomUUID()], { everyMs: 10 });
  const start = (what: "relay" | "standby") => startMember(what, url, `relay-${eventId}`, eventId);
  const untilAtWork = async ({ pid }: ChildProcess) => {
    const sessions =
      "select from pg_stat_activity where datname = current_database() and application_name like '%@' || $1";
    await until(async () => (await pool.query(sessions, [pid])).rowCount !== 0, {
      what: "a relay at work",
      ms: 30_000,
    });
  };
  /** Waits until what is in the outbox now has left it; later rows come all the time. */
  const untilRelayed = async (what: string) => {
    const { rows } = await pool.query("select coalesce(max(id), 0) as last from outbox");
    const isGone = async () => (await pool.query("select from outbox where id <= $1", [rows[0].last])).rowCount === 0;
    await until(isGone, { what, ms: 30_000 });
  };
  const relays = [start("relay"), start("standby"), start("standby")] as const;
  await Promise.all(relays.map(untilAtWork));
  let longest = 0;
  for (const relay of relays.slice(0, -1)) {
    await end(relay, "SIGKILL");
    const killedAt = performance.now();
    await untilRelayed("the rows of then to be relayed");
    await untilRelayed("later ones to be relayed too");
    longest = Math.max(longest, performance.now() - killedAt);
  }
  await facts.stop();
  t.diagnostic(`handed over in ${Math.round(longest)} ms at most`);
  assert.ok(longest < HANDED_OVER_MS, `${longest} ms`);
  await end(relays[2], "SIGTERM");
});

test("with a backlog, consumers that join, leave or are killed pause it shortly, and nothing is lost or applied twice", async (t) => {
  const { url, pool } = await database();
  await pool.query(
    "create table effects (n serial, fact_id uuid, subject text, version int, member int, at timestamptz)",
  );
  const eventId = randomUUID();
  const bookings = Array.from({ length: 60 }, () => randomUUID());
  const group = `test-${eventId}.notes`;
  const start = () => startMember("consumer", url, group, eventId);
  const appliedBy = async (member: ChildProcess) =>
    (await pool.query("select from effects where member = $1 limit 1", [member.pid])).rowCount !== 0;
  const consumes = (member: ChildProcess) => until(() => appliedBy(member), { what: "its share", ms: 60_000 });
  /** The longest time without a fact of some booking, from `since` until each has had one later than now. */
  const longestPause = async (since: Date) => {
    const { rows } = await pool.query("select clock_timestamp() as now");
    const resumed = async () => {
      const later = await pool.query("select count(distinct subject)::int as n from effects where at > $1", [
        rows[0].now,
      ]);
      return later.rows[0].n === bookings.length;
    };
    await until(resumed, { what: "every booking's facts to go on", ms: 60_000 });
    const pause = await pool.query(
      `select max(extract(epoch from at - before) * 1000)::float8 as ms
       from (select at, lag(at) over (partition by subject order by n) as before from effects) as pauses
       where at > $1`,
      [since],
    );
    return pause.rows[0].ms as number;
  };
  const now = async () => (await pool.query("select clock_timestamp() as now")).rows[0].now as Date;

  const { logger } = recordingLogger();
  const relay = new Relay(pool, new FactPublisher(kafka, logger), logger);
  relay.start();
  const facts = writing(pool, eventId, bookings, { backlog: 400, everyMs: 100 });
  let since = await now();
  await consumes(start());
  const alone = await longestPause(since);

  since = await now();
  const second = start();
  await consumes(second);
  const joined = await longestPause(since);

  since = await now();
  await end(second, "SIGTERM");
  const left = await longestPause(since);

  const third = start();
  await consumes(third);
  await longestPause(since);
  since = await now();
  await end(third, "SIGKILL");
  const killed = await longestPause(since);

  const written = await facts.stop();
  const noted = async () => (await pool.query("select count(*)::int as n from effects")).rows[0].n;
  await until(async () => (await noted()) >= written, { what: "all to be applied", ms: 60_000 });
  await relay.stop();
  t.diagnostic(
    `longest pause of ${written} facts: ${Math.round(alone)} ms of one alone, ${Math.round(joined)} ms at a join, ${Math.round(left)} ms at a leave, ${Math.round(killed)} ms after a kill`,
  );
  const { rows } = await pool.query(
    `select count(*)::int as effects, count(distinct fact_id)::int as facts, bool_and(version > before) as ordered
     from (select *, lag(version, 1, 0) over (partition by subject order by n) as before from effects) as noted`,
  );
  assert.deepEqual(rows[0], { effects: written, facts: written, ordered: true });
  assert.ok(joined < REBALANCED_MS, `${joined} ms at a join`);
  assert.ok(left < REBALANCED_MS, `${left} ms at a leave`);
  assert.ok(killed < MISSED_MS, `${killed} ms after a kill`);
});
