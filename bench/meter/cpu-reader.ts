import assert from "node:assert/strict";
import { cpus } from "node:os";
import { roleOf } from "#stack/postgres/databases.ts";
import { readState } from "#stack/state.ts";
import type { BenchNode, World } from "../world.ts";
import { childClock, cpuSeconds } from "./cpu.ts";
import type { Readings } from "./metered.ts";

const SERVERS = ["postgres", "kafka", "redis"] as const;

/**
 * Reads processor seconds: of the nodes by the names given, of the servers, and of all that runs here (`machine`). Of Postgres
 * also the sessions of booking's and payment's databases apart (`postgres booking`), which are parts of `postgres`.
 */
export function cpuReader(world: World, nodes: Record<string, readonly BenchNode[]>): () => Readings {
  const sessionsOf = (service: "booking" | "payment") =>
    childClock(serverPid(world, "postgres"), new RegExp(`^postgres: ${roleOf(service)} `));
  const clocks: Record<string, () => number> = {
    ...Object.fromEntries(Object.entries(nodes).map(([name, some]) => [name, () => inAll(some.map(({ pid }) => pid))])),
    ...Object.fromEntries(SERVERS.map((name) => [name, () => cpuSeconds(serverPid(world, name))])),
    "postgres booking": sessionsOf("booking"),
    "postgres payment": sessionsOf("payment"),
    machine,
  };
  return () => Object.fromEntries(Object.entries(clocks).map(([name, clock]) => [name, clock()]));
}

const inAll = (pids: readonly number[]): number => pids.reduce((sum, pid) => sum + cpuSeconds(pid), 0);

const machine = (): number =>
  cpus().reduce((sum, { times: { user, nice, sys, irq } }) => sum + user + nice + sys + irq, 0) / 1_000;

function serverPid({ home }: World, name: (typeof SERVERS)[number]): number {
  const pid = readState(home).servers[name]?.process?.pid;
  assert(pid !== undefined, `${name} is not a process here, whose time could be read: set EVENTIX_STACK=native`);
  return pid;
}
