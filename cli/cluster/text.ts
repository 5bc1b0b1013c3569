import { table } from "../inspect/text.ts";
import type { Reading } from "./watch.ts";

/** What is shown of a node. */
export interface Shown {
  nodeId: string;
  pid: number | undefined;
  role: string;
  state: string;
  reading: Reading | undefined;
}

const HEADINGS = ["NODE", "PID", "SERVICES", "STATE", "CALLS/S", "ACTORS", "LAG", "MEMORY", "CPU"];

/** One line a node. */
export const clusterText = (nodes: readonly Shown[]): string =>
  table(
    HEADINGS,
    nodes.map((node) => [node.nodeId, String(node.pid ?? ""), node.role, node.state, ...figures(node)]),
    "No node runs.",
  );

function figures({ reading }: Shown): string[] {
  if (!reading) return [];
  const { callsPerSecond, actors, lag, isStuck, memoryBytes, cores } = reading;
  return [
    callsPerSecond.toFixed(callsPerSecond < 10 ? 1 : 0),
    actors === null ? "" : String(actors),
    `${lag ?? ""}${isStuck ? " stuck" : ""}`,
    `${Math.round(memoryBytes / 1e6)} MB`,
    `${Math.round(cores * 100)} %`,
  ];
}
