import { spawn } from "node:child_process";
import { appendFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import { startOf } from "#stack/process.ts";

/**
 * Stands in for the `docker` command: records each call, and for a container runs a process that passes a port on to a server of
 * the test run. It shows what we ask of Docker, and what we make of its answers. It does not show that images exist and start,
 * that Compose reads docker-compose.yml as we mean it, or that volumes keep data: only an engine can.
 *
 * Its folder holds `plan.json` (how it behaves), `calls.jsonl` and `containers.json`.
 */
export interface Plan {
  /** `gone`: the command is there, the engine is not. `hangs`: nothing ever answers. `no-compose`: no Compose plugin. */
  engine?: "gone" | "hangs" | "no-compose";
  /** What `compose up` says when it fails. */
  upFails?: string;
  /** `compose up` pulls images for ever. */
  upHangs?: true;
  /** The servers of the test run that containers lead to, by service. */
  targets: Record<string, number>;
}

export interface Call {
  args: string[];
  env: Record<string, string>;
}

interface StandIn {
  id: string;
  project: string;
  service: string;
  pid: number;
  port: number;
  inside: number;
}

const INSIDE: Record<string, [port: number, variable: string]> = {
  postgres: [5432, "EVENTIX_POSTGRES_PORT"],
  redis: [6379, "EVENTIX_REDIS_PORT"],
  redpanda: [19092, "EVENTIX_KAFKA_PORT"],
};

const folder = process.env.DOCKER_STAND_IN as string;
const file = (name: string) => join(folder, name);
const plan = JSON.parse(readFileSync(file("plan.json"), "utf8")) as Plan;
const args = process.argv.slice(2);

if (args[0] === "pass-on") passOn(Number(args[1]), Number(args[2]));
else {
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => /^(EVENTIX_\w+_(PORT|PASSWORD)|COMPOSE_\w+)$/.test(name)),
  );
  appendFileSync(file("calls.jsonl"), `${JSON.stringify({ args, env })}\n`);
  try {
    process.stdout.write(`${answer()}\n`);
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n`);
    process.exitCode = 1;
  }
}

/** What it prints; throws what it would complain of. */
function answer(): string {
  if (plan.engine === "hangs") setInterval(() => {}, 60_000);
  if (plan.engine === "gone") throw new Error("Cannot connect to the Docker daemon at unix:///var/run/docker.sock.");
  if (plan.engine === "hangs") return "";
  if (args[0] === "version") return "28.2.2";
  if (args[0] === "inspect") return String(all().some(({ id, pid }) => id === args.at(-1) && isAlive(pid)));
  if (plan.engine === "no-compose") throw new Error("docker: unknown command: docker compose");
  if (args[1] === "version") return "2.39.1";
  const project = args[args.indexOf("--project-name") + 1] as string;
  const [command, ...rest] = args.slice(args.indexOf("--file") + 2);
  const own = all().filter((one) => one.project === project);
  if (command === "up") up(project, rest);
  else if (command === "down") for (const { pid } of own) end(pid);
  else if (command === "ps")
    return own
      .filter(({ pid }) => isAlive(pid))
      .map(shown)
      .join("\n");
  else throw new Error(`the stand-in does not know: ${args.join(" ")}`);
  return "";
}

function up(project: string, rest: string[]): void {
  if (plan.upFails) throw new Error(plan.upFails);
  if (plan.upHangs) {
    setInterval(() => {}, 60_000);
    return;
  }
  const kept = all();
  for (const service of rest.filter((word) => !word.startsWith("--"))) {
    const [inside, variable] = INSIDE[service] as [number, string];
    const before = kept.findIndex((one) => one.project === project && one.service === service);
    if (before >= 0) end(kept.splice(before, 1)[0]?.pid as number);
    const port = Number(process.env[variable]);
    const main = [import.meta.filename, "pass-on", String(port), String(plan.targets[service])];
    const child = spawn(process.execPath, main, { detached: true, stdio: "ignore" });
    kept.push({ id: `${project}-${service}-${child.pid}`, project, service, pid: child.pid as number, port, inside });
    child.unref();
  }
  writeFileSync(file("containers.json"), JSON.stringify(kept));
}

function passOn(port: number, target: number): void {
  createServer((near) => {
    const far = connect(target, "127.0.0.1");
    const cut = () => {
      near.destroy();
      far.destroy();
    };
    for (const side of [near, far]) side.on("error", cut).on("close", cut);
    near.pipe(far).pipe(near);
  }).listen(port, "127.0.0.1");
  // It goes with the test's folder, whatever ends the test.
  setInterval(() => existsSync(folder) || process.exit(0), 500);
}

function all(): StandIn[] {
  return existsSync(file("containers.json")) ? JSON.parse(readFileSync(file("containers.json"), "utf8")) : [];
}

function shown({ id, service, port, inside }: StandIn): string {
  const Publishers = [{ URL: "127.0.0.1", TargetPort: inside, PublishedPort: port, Protocol: "tcp" }];
  return JSON.stringify({ ID: id, Service: service, State: "running", Health: "healthy", Publishers });
}

function isAlive(pid: number): boolean {
  return startOf(pid) !== undefined;
}

function end(pid: number): void {
  if (isAlive(pid)) process.kill(pid, "SIGKILL");
}
