import { statfsSync } from "node:fs";
import { canCompose, docker } from "#stack/docker/engine.ts";
import { hasKafkaJars } from "#stack/kafka/jars.ts";
import { kafka } from "#stack/kafka/kafka.ts";
import { postgresVersion } from "#stack/postgres/binaries.ts";
import { postgres } from "#stack/postgres/postgres.ts";
import { knownPostgresUser } from "#stack/postgres/user.ts";
import { redis } from "#stack/redis/redis.ts";
import { requireTool, TOOLS } from "#stack/tools.ts";
import { type Finding, fail, failAsTold, ok, type World, warn } from "./finding.ts";
import { existingPart } from "./home.ts";

const MB = 1024 * 1024;
/** The servers idle with some 700 MB; a stampede needs more. */
const MEMORY_MB = 1_500;
const DISK_MB = 2_000;
const DISK_LEAST_MB = 300;
const NODE_LEAST = 24;

/** What has to be installed, and how much room there is. */
export function machine(world: World): Finding[] {
  return [nodeVersion(), ...dockerEngine(world), ...tools(world), memory(), disk(world)];
}

function nodeVersion(): Finding {
  const [major] = process.versions.node.split(".");
  if (Number(major) >= NODE_LEAST) return ok("Node.js", process.versions.node);
  const says = `${process.versions.node}; types are stripped from ${NODE_LEAST} on, which comes with npm on Linux`;
  return fail("Node.js", says, "npm ci, then npx eventix (not ./cli/eventix.ts)");
}

function dockerEngine({ kind, kindProblem }: World): Finding[] {
  if (kindProblem) return [failAsTold("Docker", kindProblem)];
  const found = docker();
  const { cli, engine, compose } = found;
  if (canCompose(found)) {
    const use = kind === "docker" ? "servers run in it" : "not used: this home's servers are processes";
    return [ok("Docker", `engine ${engine}, Compose ${compose}; ${use}`)];
  }
  if (engine) return [ok("Docker", "engine without Compose 2: not used, servers are processes")];
  return [ok("Docker", `${cli ? "no engine answers" : "not installed"}; not needed, servers are processes`)];
}

/** What processes need; in Docker, and for servers that are given, nothing is needed. */
function tools({ kind, isGiven }: World): Finding[] {
  if (kind === "docker") return [];
  const findings: Finding[] = [];
  if (!isGiven(redis)) findings.push(tool("redis-server", TOOLS.redis));
  if (!isGiven(kafka)) {
    findings.push(tool("Java", TOOLS.java));
    findings.push(hasKafkaJars() ? ok("Kafka", "fetched") : tool("Maven", TOOLS.maven));
  }
  if (!isGiven(postgres)) findings.push(postgresBinaries());
  return findings;
}

function tool(about: string, wanted: (typeof TOOLS)[keyof typeof TOOLS]): Finding {
  try {
    return ok(about, String(requireTool(wanted)));
  } catch (error) {
    return failAsTold(about, error);
  }
}

function postgresBinaries(): Finding {
  try {
    const isRoot = process.getuid?.() === 0;
    const { version, later } = postgresVersion(isRoot ? knownPostgresUser() : undefined);
    return ok("Postgres", later ? `${version}; at the first start ${later}` : version);
  } catch (error) {
    return failAsTold("Postgres", error);
  }
}

function memory(): Finding {
  const free = Math.round(process.availableMemory() / MB);
  if (free >= MEMORY_MB) return ok("memory", `${free} MB free`);
  return warn("memory", `${free} MB free, ${MEMORY_MB} MB are comfortable`, "end what you do not need");
}

function disk({ home }: World): Finding {
  const { bavail, bsize } = statfsSync(existingPart(home));
  const free = Math.round((bavail * bsize) / MB);
  if (free >= DISK_MB) return ok("disk", `${free} MB free`);
  const mend = "free some, or set EVENTIX_HOME to a folder on another disk";
  const says = `${free} MB free where ${home} is`;
  return free < DISK_LEAST_MB ? fail("disk", says, mend) : warn("disk", says, mend);
}
