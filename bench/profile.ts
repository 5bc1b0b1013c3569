import type pg from "pg";
import { ADMIN, connected, databaseOf, postgresUrl } from "#stack/postgres/databases.ts";
import { readState } from "#stack/state.ts";
import type { World } from "./world.ts";

const STATEMENTS_MAX = 15;

/** Sets back what Postgres counts of statements and of reads and writes. */
export const resetPostgresProfile = (world: World): Promise<void> =>
  asAdmin(world, async (client) => {
    await client.query("select pg_stat_statements_reset(), pg_stat_reset_shared('io')");
  });

/** Where Postgres' time has gone since, by statement, and what was read and written, by whom: as text. */
export const postgresProfile = (world: World): Promise<string> =>
  asAdmin(world, async (client) => {
    const statements = await client.query(
      `select round(total_exec_time)::int as ms, calls::int, rows::int,
              round((total_exec_time * 1000 / greatest(rows, 1))::numeric, 1)::float8 as us_a_row,
              left(regexp_replace(query, '\\s+', ' ', 'g'), 90) as statement
       from pg_stat_statements order by total_exec_time desc limit $1`,
      [STATEMENTS_MAX],
    );
    const io = await client.query(
      `select backend_type, object, context, reads::int, writes::int, extends::int, hits::int, fsyncs::int
       from pg_stat_io where coalesce(reads, 0) + coalesce(writes, 0) + coalesce(extends, 0) + coalesce(fsyncs, 0) > 0
       order by coalesce(writes, 0) + coalesce(reads, 0) desc`,
    );
    return `pg_stat_statements\n${asTable(statements)}\npg_stat_io\n${asTable(io)}`;
  });

function asAdmin<T>(world: World, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const port = Number(new URL(world.bookingUrl).port);
  return connected(postgresUrl(readState(world.home), port, ADMIN, databaseOf("booking")), work);
}

function asTable({ fields, rows }: pg.QueryResult): string {
  const lines = [fields.map(({ name }) => name), ...rows.map((row) => fields.map(({ name }) => `${row[name] ?? ""}`))];
  const widths = fields.map((_, n) => Math.max(...lines.map((cells) => (cells[n] as string).length)));
  return lines
    .map((cells) => `  ${cells.map((cell, n) => cell.padEnd(widths[n] as number)).join("  ")}`.trimEnd())
    .join("\n");
}
