/** What a node has on its hands: `<service>.load` (`ops:read`, no params) answers with that of the whole node it runs on. */
export interface NodeLoad {
  /** Of its process; all that is counted here began with it. */
  uptimeMs: number;
  /** Calls that reached its services, from this node or another, but for those that only watch it. */
  calls: number;
  /** Event actors awake; null on a node that sells no seats. */
  actors: number | null;
  memoryBytes: number;
  /** Time on any core. */
  cpuMs: number;
}
