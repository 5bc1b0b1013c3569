import type { NodeHealth } from "#contracts/health.ts";
import type { NodeLoad } from "#contracts/load.ts";
import type { Cluster } from "../inspect/cluster.ts";
import type { Role } from "./roles.ts";

/** A node has both at hand. */
const ANSWER_MS = 1_500;

/** What a node told of itself, and what it did since it was asked before. */
export interface Reading {
  /** Connected, consuming, and with all that it requires. */
  ready: boolean;
  callsPerSecond: number;
  /** Null on a node that sells no seats. */
  actors: number | null;
  /** Facts that its consumers have not applied; null when it consumes nothing, or Kafka does not say. */
  lag: number | null;
  isStuck: boolean;
  memoryBytes: number;
  /** Of one core: 1.5 is one and a half. */
  cores: number;
}

/** Asks nodes again and again how they are. */
export class Watch {
  readonly #cluster: Cluster;
  readonly #before = new Map<string, NodeLoad>();

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  /** Undefined when it does not answer. */
  async look({ nodeId, role }: { nodeId: string; role: Role }): Promise<Reading | undefined> {
    const options = { nodeID: nodeId, timeoutMs: ANSWER_MS };
    try {
      const [health, load] = await Promise.all([
        this.#cluster.ask<NodeHealth>(`${role}.health`, {}, options),
        this.#cluster.ask<NodeLoad>(`${role}.load`, {}, options),
      ]);
      const before = this.#before.get(nodeId);
      this.#before.set(nodeId, load);
      return readingOf(health, load, before);
    } catch {
      return undefined;
    }
  }
}

/** What the node says, and what it did since `before`, by its own clock; since it began when that is absent. */
export function readingOf({ ready, consumers }: NodeHealth, now: NodeLoad, before?: NodeLoad): Reading {
  const { uptimeMs, calls, cpuMs } = before ?? { uptimeMs: 0, calls: 0, cpuMs: 0 };
  const ms = Math.max(now.uptimeMs - uptimeMs, 1);
  const lags = consumers.map(({ lag }) => lag);
  return {
    ready,
    callsPerSecond: ((now.calls - calls) * 1_000) / ms,
    actors: now.actors,
    lag: lags.length === 0 || lags.includes(null) ? null : lags.reduce<number>((sum, lag) => sum + (lag ?? 0), 0),
    isStuck: consumers.some(({ stuckOn }) => stuckOn !== null),
    memoryBytes: now.memoryBytes,
    cores: (now.cpuMs - cpuMs) / ms,
  };
}
