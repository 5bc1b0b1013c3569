import { fork, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { config } from "#config";
import { messageOf, type World } from "../world.ts";
import { type Script, SEATS_A_BOOKING } from "./script.ts";

export interface Drive {
  script: Script;
  clients: number;
  /** Client n takes seats from n × this on. */
  seatsEach: number;
  seconds: number;
  /** Of the sessions, `name=value`, beside those that a node's have. */
  settings: readonly string[];
}

/** pgbench is not part of the Postgres that npm brings. */
const PGBENCH = spawnSync("pgbench", ["--version"], { encoding: "utf8" });
const HAS_PGBENCH = PGBENCH.status === 0;
export const DRIVER = HAS_PGBENCH
  ? PGBENCH.stdout.trim()
  : "a pipelining client of our own, since pgbench is not on PATH (Debian: apt-get install postgresql)";

/** What the sessions of a node run with too. */
const { lockTimeoutMs, statementTimeoutMs, idleInTransactionMs } = config.timeouts;
const SESSION = [
  "enable_seqscan=off",
  `lock_timeout=${lockTimeoutMs}`,
  `statement_timeout=${statementTimeoutMs}`,
  `idle_in_transaction_session_timeout=${idleInTransactionMs}`,
];
const optionsOf = ({ settings }: Drive) => [...SESSION, ...settings].map((setting) => `-c ${setting}`).join(" ");

/** Lets clients run a script for so long; how many seconds that took. What they did is to be counted in the database. */
export const drive = (world: World, job: Drive): Promise<number> =>
  HAS_PGBENCH ? byPgbench(world, job) : byOwnClient(world, job);

async function byPgbench(world: World, job: Drive): Promise<number> {
  const { script, clients, seatsEach, seconds } = job;
  const file = join(world.home, "ceiling.sql");
  const flights = script.flights.map((flight) => `\\startpipeline\n${flight.join(";\n")};\n\\endpipeline\n`);
  const step = script.bookings * SEATS_A_BOOKING;
  writeFileSync(
    file,
    `\\set a :client_id * ${seatsEach} + :at\n\\set b :a + 1\n\\set at :at + ${step}\n${flights.join("")}`,
  );
  const args = ["-n", "-M", "prepared", "-c", `${clients}`, "-j", "2", "-T", `${seconds}`, "-D", "at=0", "-f", file];
  const env = { ...process.env, PGOPTIONS: optionsOf(job) };
  const child = spawn("pgbench", [...args, world.bookingUrl], { stdio: ["ignore", "pipe", "pipe"], env });
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "close")]);
  const [done, tps] = [/actually processed: (\d+)/.exec(out)?.[1], /tps = ([\d.]+)/.exec(out)?.[1]];
  if (child.exitCode !== 0 || !Number(done) || !Number(tps)) throw new Error(`pgbench failed: ${err}`);
  return Number(done) / Number(tps);
}

async function byOwnClient(world: World, job: Drive): Promise<number> {
  const child = fork(join(import.meta.dirname, "own-client.ts"));
  child.send({ ...job, url: world.bookingUrl, options: optionsOf(job) });
  return (await messageOf(child, "The client that drives the ceiling")) as number;
}
