import { spawnSync } from "node:child_process";
import { accessSync, constants, existsSync } from "node:fs";
import { dirname } from "node:path";
import { gatewayUrl } from "#stack/gateway.ts";
import { portIsFree } from "#stack/ports.ts";
import { postgres } from "#stack/postgres/postgres.ts";
import { knownPostgresUser } from "#stack/postgres/user.ts";
import { isRunning } from "#stack/process.ts";
import { runningServers, stackEnvironment } from "#stack/stack.ts";
import { readNode } from "#stack/state.ts";
import { type Finding, fail, failAsTold, ok, type World, warn } from "./finding.ts";

/** The folder, the settings, and what earlier runs left. */
export async function homeAndRuns(world: World): Promise<Finding[]> {
  return [folder(world), settings(world), ...(await port(world)), ...leftNode(world), stack(world)];
}

/** The folder itself, or the nearest above it that exists. */
export const existingPart = (path: string): string => (existsSync(path) ? path : existingPart(dirname(path)));

function folder({ home, kind, stack, isGiven }: World): Finding {
  const about = "EVENTIX_HOME";
  const mend = "set EVENTIX_HOME to a folder of your own, like EVENTIX_HOME=~/eventix";
  const there = existingPart(home);
  try {
    accessSync(there, constants.W_OK | constants.X_OK);
  } catch {
    return fail(about, `${home} cannot be written: ${there} belongs to somebody else`, mend);
  }
  const user = process.getuid?.() === 0 ? knownPostgresUser() : undefined;
  const separate = user && kind === "native" && !isGiven(postgres) && !stack.postgresFolder;
  if (separate && spawnSync("/bin/sh", ["-c", 'cd "$0"', there], { cwd: "/", ...user }).status !== 0) {
    const says = `${home}; the user postgres cannot enter ${there}, so its data will be in /var/lib/eventix`;
    return warn(about, says, "EVENTIX_HOME=/srv/eventix keeps it all in one place");
  }
  return ok(about, stack.postgresFolder?.startsWith(home) === false ? `${home}, ${stack.postgresFolder}` : home);
}

function settings({ problem }: World): Finding {
  if (problem === undefined) return ok("settings", "valid");
  const says = problem.replace("These settings are not valid:", "").trim().replaceAll(/\n\s*/g, "; ");
  return fail("settings", says, "correct them in the environment; README lists each with what it takes");
}

/** Nothing where the setting itself is wrong. */
async function port({ home, settings: { host, port } }: World): Promise<Finding[]> {
  if (port === undefined) return [];
  if (port === 0) return [ok("port", "any that is free")];
  if (await portIsFree(port, host)) return [ok("port", `${port} is free`)];
  if (ownGateway(home)?.endsWith(`:${port}`)) return [ok("port", `${port} is our own gateway's`)];
  return [warn("port", `${port} is in use by another program`, `PORT=${port + 1} npm start`)];
}

function ownGateway(home: string): string | undefined {
  try {
    return gatewayUrl(home);
  } catch {
    return undefined;
  }
}

/** The node of a `start` that was killed: it ends by itself within seconds, unless it hangs. */
function leftNode({ home }: World): Finding[] {
  const { starter, node } = readNode(home) ?? {};
  if (!isRunning(node) || isRunning(starter)) return [];
  return [warn("node", `process ${node.pid} is left over from a start that was killed`, "npm start ends it first")];
}

function stack({ home, env, stack: { owner } }: World): Finding {
  try {
    const running = runningServers(home);
    if (running.length === 0) return ok("stack", "none is up: npm start, or npx eventix up");
    // Throws when one is gone and the others run on.
    stackEnvironment(home, env);
    const names = running.join(", ");
    if (owner === undefined) return ok("stack", `up: ${names}, until npx eventix down`);
    if (isRunning(owner)) return ok("stack", `up: ${names}, until process ${owner.pid} ends`);
    return warn("stack", `${names} run on from a start that was killed`, "npx eventix down, or npm start to go on");
  } catch (error) {
    return failAsTold("stack", error);
  }
}
