import type { ConsumedPartition, NodeHealth } from "#contracts/health.ts";
import { clock, table } from "./text.ts";

/** One line for each topic that a node reads for a group, then what hinders, for a person. */
export function lagText(nodes: readonly NodeHealth[], missing: readonly string[], now: Date): string {
  const read = nodes.flatMap(({ nodeId, consumers }) => consumers.map((one) => ({ nodeId, ...one })));
  const topics = Map.groupBy(read, ({ nodeId, group, topic }) => [nodeId, shortOf(group), topic].join("\n"));
  const rows = [...topics].sort().map(([key, partitions]) => [...key.split("\n"), ...lagOf(partitions)]);
  const stuck = read.flatMap(({ group, topic, partition, stuckOn }) => {
    if (!stuckOn) return [];
    const { offset, factId, reason, since } = stuckOn;
    const what = `${topic}/${partition}@${offset}${factId === null ? "" : ` (fact ${factId})`}`;
    return [`${shortOf(group)} is stuck on ${what} since ${clock(since, now)}: ${reason}\n`];
  });
  return [
    table(["NODE", "CONSUMER", "TOPIC", "PARTITIONS", "NOT APPLIED"], rows, "No node consumes anything."),
    ...stuck,
    ...missing.map((sentence) => `${sentence}.\n`),
  ].join("");
}

const shortOf = (group: string) => group.replace(/^eventix\./, "");

/** Its partitions, and how much they are behind: in all, and where. */
function lagOf(partitions: readonly ConsumedPartition[]): [string, string] {
  const inOrder = partitions.toSorted((a, b) => a.partition - b.partition);
  const read = inOrder.map(({ partition }) => partition).join(",");
  if (inOrder.some(({ lag }) => lag === null)) return [read, "Kafka does not say"];
  const behind = inOrder.filter(({ lag }) => lag !== 0);
  const total = behind.reduce((sum, { lag }) => sum + (lag ?? 0), 0);
  const where = behind.map(({ partition, lag }) => `${partition}: ${lag}`).join(", ");
  return [read, total === 0 ? "0" : `${total} (${where})`];
}
