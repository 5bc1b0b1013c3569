import { readdirSync, readFileSync } from "node:fs";
import pg from "pg";
import { ADMIN, postgresUrl } from "#stack/postgres/databases.ts";
import { readState } from "#stack/state.ts";
import { ownPairs } from "./seats.ts";
import { countBookings, putOnSale } from "./shelf.ts";
import { load, World } from "./world.ts";

function cpu() {
  const out: Record<string, number> = {};
  for (const d of readdirSync("/proc")) {
    if (!/^\d+$/.test(d)) continue;
    try {
      const st = readFileSync(`/proc/${d}/stat`, "utf8");
      const cmd = readFileSync(`/proc/${d}/cmdline`, "utf8").replaceAll("\0", " ");
      const f = st.slice(st.lastIndexOf(")") + 2).split(" ");
      const t = (Number(f[11]) + Number(f[12])) / 100;
      const k =
        cmd.includes(world.home) || cmd.startsWith("postgres:")
          ? cmd.startsWith("postgres:")
            ? "pg " + cmd.slice(0, 26)
            : cmd.includes("kafka")
              ? "kafka"
              : cmd.slice(0, 30)
          : cmd.includes("broker/node")
            ? "node"
            : "other " + cmd.slice(0, 40);
      out[k] = (out[k] ?? 0) + t;
    } catch {}
  }
  return out;
}
const world = await World.open();
const state = readState(world.home);
const admin = new pg.Pool({
  connectionString: postgresUrl(state, state.servers.postgres?.ports.postgres as number, ADMIN, "postgres"),
});
await admin.query("create extension if not exists pg_stat_statements");
try {
  const tokens = world.tokens(512);
  for (const inFlight of (process.argv[3] ?? "64,256").split(",").map(Number)) {
    const events = await putOnSale(world.db, 50, 4000);
    const node = await world.node(
      "gateway,booking",
      process.argv[2] && process.argv[2] !== "-"
        ? { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${process.argv[2]}` }
        : {},
    );
    await load({
      port: node.port,
      tokens,
      requests: tokens.map((_, token) => ({ method: "GET", path: "/api/bookings/my?limit=1", token })),
      pace: { closed: 16 },
      seconds: 10,
      repeat: false,
    });
    await load({
      port: node.port,
      tokens,
      requests: events.map(({ id }, n) => ({
        method: "POST",
        path: "/api/bookings",
        token: n,
        body: JSON.stringify({ eventId: id, seatIds: ["00000000-0000-4000-8000-000000000000"] }),
      })),
      pace: { closed: 16 },
      seconds: 10,
      repeat: false,
    });
    const requests = ownPairs(events, tokens.length);
    const before = (await countBookings(world.db)).bookings;
    await admin.query("select pg_stat_statements_reset()");
    const wal0 = (await admin.query("select * from pg_stat_wal")).rows[0];
    const c0 = cpu();
    const r = await load({ port: node.port, tokens, requests, pace: { closed: inFlight }, seconds: 8, repeat: false });
    const c1 = cpu();
    console.log(
      Object.entries(c1)
        .map(([k, v]) => [k, v - (c0[k] ?? 0)] as const)
        .filter(([, v]) => v > 0.05)
        .sort((a, b) => b[1] - a[1])
        .map(([k, v]) => `${v.toFixed(2)} ${k}`)
        .join("\n"),
    );
    const c = await countBookings(world.db);
    console.log(inFlight, JSON.stringify(r), "accepted/s", Math.round((c.bookings - before) / r.seconds));
    const { rows } = await admin.query(
      "select calls, round(total_exec_time::numeric) as ms, round((total_exec_time/calls)::numeric,3) as per, rows, left(regexp_replace(query, '\\s+', ' ', 'g'), 90) as q from pg_stat_statements order by total_exec_time desc limit 16",
    );
    console.table(rows);
    const wal1 = (await admin.query("select * from pg_stat_wal")).rows[0];
    const io = (
      await admin.query("select sum(fsyncs) f, sum(fsync_time) t, sum(writes) w from pg_stat_io where object='wal'")
    ).rows[0];
    console.log("wal bytes", wal1.wal_bytes - wal0.wal_bytes, "fpi", wal1.wal_fpi - wal0.wal_fpi, io);
    await node.stop();
  }
} finally {
  await admin.end();
  await world.close();
}
