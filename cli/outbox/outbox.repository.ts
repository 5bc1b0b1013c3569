import type { ClientBase } from "pg";
import { RELAY_LOCK, RELAY_MARK } from "#mixins/outbox.repository.ts";

/** What lies in an outbox at one moment. */
export interface Waiting {
  topics: { topic: string; rows: number }[];
  /** Of the oldest fact; null when none waits. A dead letter has no time of its own. */
  oldestSeconds: number | null;
  /** Rows that were ever written, counted by their ids. */
  lastId: bigint;
}

export async function readWaiting(client: ClientBase): Promise<Waiting> {
  const { rows: topics } = await client.query<{ topic: string; rows: number }>(
    "select topic, count(*)::integer as rows from outbox group by topic order by topic",
  );
  const { rows } = await client.query<{ oldest: number | null; last: string }>(
    `select (select extract(epoch from clock_timestamp() - (convert_from(value, 'UTF8')::jsonb ->> 'time')::timestamptz)
             from outbox where fact_id is not null order by id limit 1)::float8 as oldest,
            coalesce(pg_sequence_last_value(pg_get_serial_sequence('outbox', 'id')), 0)::text as last`,
  );
  const [row] = rows;
  return { topics, oldestSeconds: row?.oldest ?? null, lastId: BigInt(row?.last ?? 0) };
}

/** A connection of a node, or of somebody who holds the lead or the outbox. */
export interface Session {
  pid: number;
  name: string;
  leads: boolean;
  /** When it led last, as far as that can be seen; now, while it leads. */
  ledAt: Date | null;
  /** How long its transaction has lasted. */
  openSeconds: number | null;
  /** Who holds what it waits for. */
  blockedBy: { pid: number; name: string }[];
}

/** The service's connections, and whoever leads. The lead is an advisory lock of the round's transaction. */
export async function readSessions(client: ClientBase, service: string): Promise<Session[]> {
  const { rows } = await client.query(
    `with leaders as (
       select pid from pg_locks
       where locktype = 'advisory' and classid = 0 and objid = $2 and objsubid = 1 and granted
         and database = (select oid from pg_database where datname = current_database()))
     select a.pid, a.application_name as name, l.pid is not null as leads,
            case when l.pid is not null then clock_timestamp()
                 when a.query like '%' || $3 then a.state_change end as led_at,
            extract(epoch from clock_timestamp() - a.xact_start)::float8 as open_seconds,
            (select coalesce(json_agg(json_build_object('pid', b.pid, 'name', b.application_name)), '[]')
             from pg_stat_activity b where b.pid = any(case when a.wait_event_type = 'Lock' then pg_blocking_pids(a.pid) end)) as blocked_by
     from pg_stat_activity a left join leaders l on l.pid = a.pid
     where a.datname = current_database() and (a.application_name like 'eventix-' || $1 || '@%' or l.pid is not null)`,
    [service, RELAY_LOCK, RELAY_MARK],
  );
  return rows.map((row) => ({
    pid: row.pid,
    name: row.name,
    leads: row.leads,
    ledAt: row.led_at,
    openSeconds: row.open_seconds,
    blockedBy: row.blocked_by,
  }));
}

/** Who holds the table so that nobody can read it. */
export async function readHolders(client: ClientBase): Promise<{ pid: number; name: string }[]> {
  const { rows } = await client.query<{ pid: number; name: string }>(
    `select pid, application_name as name from pg_locks join pg_stat_activity using (pid)
     where relation = 'outbox'::regclass and mode = 'AccessExclusiveLock' and granted`,
  );
  return rows;
}
