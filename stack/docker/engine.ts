import { spawnSync } from "node:child_process";
import { StackError, UsageError } from "../stack-error.ts";
import type { StackKind } from "../state.ts";

/** Versions of what is there; absent is what is not. */
export interface Docker {
  cli: boolean;
  engine?: string;
  compose?: string;
}

/** An engine answers within milliseconds; one that is remote and gone must not hold up a start. */
const ANSWER_MS = 3_000;
const COMPOSE_LEAST = 2;

/** What of Docker this machine has: command, running engine, Compose. */
export function docker(): Docker {
  const engine = ask(["version", "--format", "{{.Server.Version}}"]);
  if (engine.missing) return { cli: false };
  if (!engine.says) return { cli: true };
  const compose = ask(["compose", "version", "--short"]).says?.replace(/^v/, "");
  return { cli: true, engine: engine.says, ...(compose && { compose }) };
}

/** Whether servers can be run by `docker compose` here. */
export const canCompose = ({ engine, compose }: Docker): boolean =>
  engine !== undefined && compose !== undefined && Number.parseInt(compose, 10) >= COMPOSE_LEAST;

/**
 * Whether a home's servers are processes or containers: as EVENTIX_STACK says, else as they were `before`, since the data is
 * there, else containers where an engine answers. Throws StackError when containers are wanted and cannot be had.
 */
export function chooseKind(home: string, before: StackKind | undefined, env: NodeJS.ProcessEnv): StackKind {
  const wish = env.EVENTIX_STACK || undefined;
  if (wish !== undefined && wish !== "native" && wish !== "docker") {
    throw new UsageError(`EVENTIX_STACK=${wish}: write native or docker, or leave it out.`);
  }
  const kind = wish ?? before;
  if (kind === "native") return kind;
  if (canCompose(docker())) return "docker";
  if (kind === undefined) return "native";
  const why = wish ? "EVENTIX_STACK=docker is set" : `The data of ${home} is in Docker volumes`;
  throw new StackError(
    `${why}, but no Docker engine with Compose 2 answers: start Docker (docker info says what is wrong), ` +
      "or set EVENTIX_STACK=native to run without it, on data of its own.",
  );
}

function ask(args: string[]): { missing: boolean; says?: string } {
  const { error, status, stdout } = spawnSync("docker", args, { encoding: "utf8", timeout: ANSWER_MS });
  if ((error as NodeJS.ErrnoException | undefined)?.code === "ENOENT") return { missing: true };
  const says = status === 0 ? stdout.trim() : "";
  return { missing: false, ...(says && { says }) };
}
