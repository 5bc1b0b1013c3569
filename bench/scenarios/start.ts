import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { freePort } from "#stack/ports.ts";
import { isRunning, type ProcessRef } from "#stack/process.ts";
import { readNode, readState } from "#stack/state.ts";
import { type Effort, type Figure, repeated, type Scenario } from "../scenario.ts";
import type { World } from "../world.ts";

const EVENTIX = join(import.meta.dirname, "../../cli/eventix.ts");
/** What would make it use the bench's servers instead of its own. */
const GIVEN = /^(DATABASE_URL_|REDIS_URL$|KAFKA_BROKERS$|AUTH_|SERVICES$|NODE_ID$)/;
const PATIENCE_MS = 120_000;

/** What somebody waits for who types `npm start`. */
export const start: Scenario = {
  name: "start",
  what: "npm start with the sample events, until it is ready",
  async run(world: World, effort: Effort): Promise<Figure[]> {
    const home = join(world.home, "started");
    const port = await freePort();
    const first = await launch(home, port);
    await interrupt(first.child);
    const { afterStop, afterKill } = await repeated(effort, async () => {
      const stopped = await launch(home, port);
      await killAll(home, stopped.child);
      const killed = await launch(home, port);
      await interrupt(killed.child);
      return { afterStop: stopped.seconds, afterKill: killed.seconds };
    });
    return [
      { what: "first of all, samples put on sale", unit: "s", values: [first.seconds] },
      { what: "after a clean stop", unit: "s", values: afterStop, bar: { atMost: 8 } },
      { what: "after kill -9 of everything", unit: "s", values: afterKill, bar: { atMost: 20 } },
    ];
  },
};

/** Starts Eventix and waits until it says that it is ready. */
async function launch(home: string, port: number): Promise<{ child: ChildProcess; seconds: number }> {
  const outside = Object.entries(process.env).filter(([name]) => !GIVEN.test(name));
  const began = performance.now();
  const child = spawn(process.execPath, [EVENTIX, "start"], {
    env: { ...Object.fromEntries(outside), EVENTIX_HOME: home, PORT: String(port) },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  child.stderr.on("data", (chunk) => {
    said += chunk;
  });
  const late = setTimeout(() => child.kill("SIGINT"), PATIENCE_MS);
  const ready = new Promise<true>((resolve) => {
    child.stdout.on("data", (chunk) => {
      if (String(chunk).includes("Eventix is ready")) resolve(true);
    });
  });
  const isReady = await Promise.race([ready, once(child, "exit").then(() => false)]);
  clearTimeout(late);
  if (!isReady) throw new Error(`npm start did not become ready: ${said}`);
  return { child, seconds: (performance.now() - began) / 1_000 };
}

async function interrupt(child: ChildProcess): Promise<void> {
  const ended = once(child, "exit");
  child.kill("SIGINT");
  await ended;
}

/** As a power cut would: the command, its node and every server at once. */
async function killAll(home: string, child: ChildProcess): Promise<void> {
  const refs = [readNode(home)?.node, ...Object.values(readState(home).servers).map((server) => server.process)];
  const running = refs.filter((ref): ref is ProcessRef => isRunning(ref));
  const ended = once(child, "exit");
  child.kill("SIGKILL");
  for (const { pid } of running) process.kill(pid, "SIGKILL");
  await ended;
}
