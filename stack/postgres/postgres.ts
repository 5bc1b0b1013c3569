import { spawnSync } from "node:child_process";
import { chownSync, existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { logFile } from "../home.ts";
import { startDetached } from "../process.ts";
import type { Launch, StackServer } from "../server.ts";
import { StackError } from "../stack-error.ts";
import { type Binaries, postgresBinaries } from "./binaries.ts";
import {
  ADMIN,
  connected,
  createDatabases,
  DATABASE_SERVICES,
  databaseOf,
  drawPasswords,
  postgresUrl,
  roleOf,
  urlVariable,
} from "./databases.ts";
import { postgresFolder } from "./folder.ts";
import { clearPidFile } from "./pid-file.ts";
import { postgresUser, type SystemUser } from "./user.ts";

/** Durability is Postgres' own default (fsync and synchronous_commit on); what is set here is what an application would ask for. */
const SETTINGS = {
  listen_addresses: "127.0.0.1",
  unix_socket_directories: "",
  max_connections: 300,
  shared_preload_libraries: "pg_stat_statements",
  timezone: "UTC",
  log_timezone: "UTC",
};

/** Postgres 18, started by its binaries: the npm package's own wrapper takes over the process's signals. */
export const postgres: StackServer = {
  name: "postgres",
  title: "Postgres",
  given: DATABASE_SERVICES.map(urlVariable),
  ports: ["postgres"],
  // Fast shutdown: sessions are cut, a checkpoint is written.
  stopSignal: "SIGINT",
  compose: { service: "postgres", port: 5432, variable: "EVENTIX_POSTGRES_PORT" },
  async launch({ home, state, ports, say }) {
    const user = postgresUser(say);
    const folder = postgresFolder(home, state, user);
    const binaries = postgresBinaries(user, folder);
    const data = join(folder, "data");
    drawPasswords(state);
    if (!existsSync(join(data, "PG_VERSION"))) initialize(binaries, folder, state.passwords[ADMIN] as string, user);
    await clearPidFile(data);
    const settings = Object.entries({ ...SETTINGS, port: ports.postgres }).flatMap(([k, v]) => ["-c", `${k}=${v}`]);
    return startDetached({
      command: binaries.postgres,
      args: ["-D", data, ...settings],
      log: logFile(home, "postgres"),
      cwd: "/",
      user,
    });
  },
  async check({ ports }, { state }) {
    await connected(postgresUrl(state, ports.postgres as number, ADMIN, "postgres"), (client) =>
      client.query("select 1"),
    );
  },
  prepare: ({ ports }, { state }: Launch) => createDatabases(state, ports.postgres as number),
  environment: ({ ports }, { state }) =>
    Object.fromEntries(
      DATABASE_SERVICES.map((service) => [
        urlVariable(service),
        postgresUrl(state, ports.postgres as number, roleOf(service), databaseOf(service)),
      ]),
    ),
};

function initialize(binaries: Binaries, folder: string, password: string, user: SystemUser | undefined): void {
  const passwordFile = join(folder, "password");
  const data = join(folder, "data");
  // What a run left that was ended in the middle of initdb.
  rmSync(data, { recursive: true, force: true });
  writeFileSync(passwordFile, password, { mode: 0o600 });
  if (user) chownSync(passwordFile, user.uid, user.gid);
  const args = ["-D", data, "-U", ADMIN, "-E", "UTF8", "-A", "scram-sha-256", `--pwfile=${passwordFile}`];
  const { status, error, stderr } = spawnSync(
    binaries.initdb,
    [...args, "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C", "--no-instructions"],
    { encoding: "utf8", cwd: "/", env: { PATH: process.env.PATH, LC_ALL: "C" }, ...user },
  );
  rmSync(passwordFile, { force: true });
  if (status !== 0) throw new StackError(`Postgres could not prepare its folder: ${error?.message ?? stderr.trim()}`);
}
