import type { ServiceBroker } from "moleculer";
import type { ConsumedPartition, Dependency } from "#contracts/health.ts";

/** Something on a node that can be unwell: a dependency, a consumer of facts, a service that others must offer. */
export interface HealthPart {
  /** Why the node is not ready because of it, in words that anybody may read; undefined when it is well. */
  hindrance(): string | undefined;
  /** Undefined while nothing is known of it. */
  dependency?(): Dependency | undefined;
  /** The partitions that this node reads, but for how far behind it is. */
  reads?(): Omit<ConsumedPartition, "lag">[];
  /** How many event actors are awake. */
  actors?(): number;
}

/** Of an action: whether it only tells how its node is, whatever the node's dependencies do. */
export const isWatching = ({ name = "", rawName }: { name?: string; rawName?: string }): boolean =>
  name.startsWith("$") || rawName === "health" || rawName === "load";

/** The parts of one node that tell of its health; each adds itself and takes itself away. */
export class NodeHealthBoard {
  readonly #broker: ServiceBroker;
  readonly #parts = new Set<HealthPart>();
  /** That reached its services since it began (count.middleware.ts). */
  calls = 0;

  constructor(broker: ServiceBroker) {
    this.#broker = broker;
  }

  add(part: HealthPart): void {
    this.#parts.add(part);
  }

  remove(part: HealthPart): void {
    this.#parts.delete(part);
  }

  /** Why the node is not ready; empty when it is migrated, connected and consuming. */
  hindrances(): string[] {
    const { started, stopping } = this.#broker as ServiceBroker & { started: boolean };
    const phase = stopping ? "it is stopping" : "it is starting, or about to stop";
    const own = started && !stopping ? [] : [phase];
    return [...own, ...[...this.#parts].flatMap((part) => part.hindrance() ?? [])];
  }

  get dependencies(): Dependency[] {
    return [...this.#parts].flatMap((part) => part.dependency?.() ?? []);
  }

  /** Null when no part of the node has any. */
  get actors(): number | null {
    const counts = [...this.#parts].flatMap((part) => part.actors?.() ?? []);
    return counts.length === 0 ? null : counts.reduce((sum, count) => sum + count, 0);
  }

  get reads(): Omit<ConsumedPartition, "lag">[] {
    return [...this.#parts].flatMap((part) => part.reads?.() ?? []);
  }
}

const boards = new WeakMap<ServiceBroker, NodeHealthBoard>();

/** The health of the node that a broker is. */
export function healthOf(broker: ServiceBroker): NodeHealthBoard {
  const known = boards.get(broker) ?? new NodeHealthBoard(broker);
  boards.set(broker, known);
  return known;
}
