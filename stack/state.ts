import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ProcessRef } from "./process.ts";

export type ServerName = "postgres" | "redis" | "kafka" | "issuer" | "provider";

/** Whether a stack's servers are processes or Docker containers. */
export type StackKind = "native" | "docker";

/** A server that was started here as a process, and its ports by what they are for. */
export interface NativeServer {
  process: ProcessRef;
  container?: undefined;
  ports: Record<string, number>;
}

/** A server that was started here in Docker. */
export interface DockerServer {
  process?: undefined;
  /** Its container's id. */
  container: string;
  ports: Record<string, number>;
}

export type ServerState = NativeServer | DockerServer;

/** What a stack remembers between runs, in EVENTIX_HOME/stack.json. */
export interface StackState {
  /** What its servers are since the first start: their data is there. */
  kind?: StackKind;
  /** The Compose project of its containers and volumes. */
  project?: string;
  servers: Partial<Record<ServerName, ServerState>>;
  /** Ports used before, taken again where they are free, so that addresses stay. */
  ports: Partial<Record<ServerName, Record<string, number>>>;
  /** Passwords by role. */
  passwords: Record<string, string>;
  /** The port that Kafka names to its clients, when something stands between them and it. */
  kafkaSeenAt?: number;
  /** Where Postgres keeps its data when its user cannot enter EVENTIX_HOME. */
  postgresFolder?: string;
  /** URLs that were given by the environment when the stack came up. */
  given: Record<string, string>;
  /** The `start` or `cluster` that brings the stack down when it ends; absent when `up` keeps it. */
  owner?: ProcessRef;
  /** Others that use it meanwhile: the first of them that still runs owns it next. */
  heirs?: ProcessRef[];
}

/** The `start` of a home and the node that it runs, in EVENTIX_HOME/node.json. */
export interface NodeState {
  starter: ProcessRef;
  node?: ProcessRef;
}

/** A gateway that was started here, in EVENTIX_HOME/gateways.json. */
export interface GatewayState {
  process: ProcessRef;
  url: string;
}

const EMPTY: StackState = { servers: {}, ports: {}, passwords: {}, given: {} };

export const readState = (home: string): StackState => ({
  ...structuredClone(EMPTY),
  ...read<StackState>(join(home, "stack.json")),
});
export const writeState = (home: string, state: StackState): void => write(join(home, "stack.json"), state);

export const readNode = (home: string): NodeState | undefined => read<NodeState>(join(home, "node.json"));
export const writeNode = (home: string, node: NodeState): void => write(join(home, "node.json"), node);
export const forgetNode = (home: string): void => rmSync(join(home, "node.json"), { force: true });

export const readGateways = (home: string): GatewayState[] => read<GatewayState[]>(join(home, "gateways.json")) ?? [];
export const writeGateways = (home: string, all: GatewayState[]): void => write(join(home, "gateways.json"), all);

function read<T>(file: string): T | undefined {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as T;
  } catch {
    // Absent at first; half a file cannot be, since it is written aside and renamed.
    return undefined;
  }
}

function write(file: string, value: unknown): void {
  const aside = `${file}.${process.pid}`;
  writeFileSync(aside, `${JSON.stringify(value, null, 2)}\n`, { mode: 0o600 });
  renameSync(aside, file);
}
