import { spawn, spawnSync } from "node:child_process";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { PROJECT } from "../home.ts";
import { StackError } from "../stack-error.ts";

interface Wish {
  /** The Compose project: containers, network and volumes of one home. */
  project: string;
  /** What docker-compose.yml reads: ports and passwords. */
  env?: Record<string, string>;
  signal?: AbortSignal | undefined;
}

/** A container of a project that runs. */
export interface Container {
  id: string;
  /** Where each port inside is found on this machine. */
  ports: Record<number, number>;
}

/** `docker compose …` on the servers of docker-compose.yml; throws StackError with the end of what it said. */
export async function compose(args: string[], { project, env = {}, signal }: Wish): Promise<string> {
  const file = join(PROJECT, "docker-compose.yml");
  // Without COMPOSE_PROFILES: here only the servers count, whatever else the user runs.
  const child = spawn("docker", ["compose", "--project-name", project, "--file", file, ...args], {
    env: { ...process.env, ...env, COMPOSE_PROFILES: "" },
    stdio: ["ignore", "pipe", "pipe"],
    signal,
  });
  const ended = new Promise<number | null>((done, failed) => child.once("close", done).once("error", failed));
  const [code, stdout, stderr] = await Promise.all([ended, text(child.stdout), text(child.stderr)]);
  if (code === 0) return stdout;
  const said = stderr.trim().split("\n").slice(-5).join("\n");
  throw new StackError(
    `docker compose ${args[0]} failed; its containers' logs: docker compose -p ${project} logs. ` +
      `To go on without Docker, on data of its own: EVENTIX_STACK=native. It said:\n${said}`,
  );
}

/** The running containers of a project, by service. */
export async function containers(project: string): Promise<Map<string, Container>> {
  const rows = parsed(await compose(["ps", "--format", "json"], { project }));
  return new Map(
    rows
      .filter(({ State }) => State === "running")
      .map(({ Service, ID, Publishers }) => [
        Service,
        { id: ID, ports: Object.fromEntries((Publishers ?? []).map((p) => [p.TargetPort, p.PublishedPort])) },
      ]),
  );
}

/** Whether a container that was started here still runs. */
export function containerRuns(id: string): boolean {
  const { stdout } = spawnSync("docker", ["inspect", "--format", "{{.State.Running}}", id], { encoding: "utf8" });
  return stdout?.trim() === "true";
}

interface Row {
  ID: string;
  Service: string;
  State: string;
  Publishers: { TargetPort: number; PublishedPort: number }[] | null;
}

/** Compose prints one object a line since 2.21, and one array before. */
function parsed(output: string): Row[] {
  if (output.trimStart().startsWith("[")) return JSON.parse(output);
  return output
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map((line) => JSON.parse(line));
}
