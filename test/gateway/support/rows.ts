import pg from "pg";

/** Tells which tables of which databases have changed, by any row written, even with what it held before. */
export class Rows {
  readonly #clients: ReadonlyMap<string, pg.Client>;
  #last = new Map<string, string>();

  private constructor(clients: ReadonlyMap<string, pg.Client>) {
    this.#clients = clients;
  }

  /** `urls` by the names that changes are told under. */
  static async open(urls: Record<string, string>): Promise<Rows> {
    const clients = new Map<string, pg.Client>();
    for (const [name, connectionString] of Object.entries(urls)) {
      const client = new pg.Client({ connectionString });
      await client.connect();
      clients.set(name, client);
    }
    const rows = new Rows(clients);
    await rows.changed();
    return rows;
  }

  /** The tables that changed since this was asked last, as `booking.seat_inventory`. */
  async changed(): Promise<string[]> {
    const now = new Map((await Promise.all([...this.#clients].map(digestsOf))).flat());
    const changed = [...now].flatMap(([table, digest]) => (this.#last.get(table) === digest ? [] : [table]));
    this.#last = now;
    return changed.sort();
  }

  async query(database: string, sql: string): Promise<Record<string, unknown>[]> {
    return (await this.#clients.get(database)?.query(sql))?.rows ?? [];
  }

  async close(): Promise<void> {
    for (const client of this.#clients.values()) await client.end();
  }
}

/** A digest of each table. xmin tells who wrote a row last: it changes with every write. */
async function digestsOf([database, client]: [string, pg.Client]): Promise<[string, string][]> {
  const { rows: tables } = await client.query(
    "select oid::regclass::text as name from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace",
  );
  const digests = tables.map(
    ({ name }) =>
      `select '${database}.${name}' as name, md5(string_agg(row, ',' order by row)) as digest
       from (select xmin::text || t::text as row from ${name} t) as all_rows`,
  );
  const { rows } = await client.query(digests.join(" union all "));
  return rows.map(({ name, digest }) => [name, digest ?? "empty"]);
}
