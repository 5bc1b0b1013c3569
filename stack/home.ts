import { chmodSync, mkdirSync, statSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

export const PROJECT = fileURLToPath(new URL("..", import.meta.url));

/** The folder of one stack: its data, logs and state. EVENTIX_HOME, else `.eventix/` in the project. */
export const eventixHome = (env: NodeJS.ProcessEnv = process.env): string =>
  env.EVENTIX_HOME ? resolve(env.EVENTIX_HOME) : join(PROJECT, ".eventix");

export const logFile = (home: string, server: string): string => join(home, "logs", `${server}.log`);

/** Makes the folder; as root it may be entered by others, since Postgres runs under another user. Its secrets have modes of their own. */
export function makeHome(home: string): void {
  mkdirSync(home, { recursive: true, mode: 0o711 });
  if (process.getuid?.() === 0) chmodSync(home, (statSync(home).mode & 0o7777) | 0o011);
  mkdirSync(join(home, "logs"), { recursive: true, mode: 0o700 });
}

/** What stacks may share because it never changes, like Kafka's jars. */
export function sharedCache(...path: string[]): string {
  const base = process.env.XDG_CACHE_HOME || join(homedir(), ".cache");
  const folder = join(base, "eventix");
  try {
    mkdirSync(folder, { recursive: true });
    return join(folder, ...path);
  } catch {
    return join(tmpdir(), "eventix-cache", ...path);
  }
}
