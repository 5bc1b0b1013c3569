import { METRICS } from "#broker/node-metrics.ts";
import { table } from "./section.ts";

/** The table of metrics in docs/operations.md, from broker/node-metrics.ts. */
export function metricsTable(): string {
  const rows = Object.entries(METRICS).map(([name, { kind, labels, help }]) => [
    `\`${name}\``,
    kind,
    labels.map((label) => `\`${label}\``).join(", "),
    help,
  ]);
  return table(["metric", "kind", "labels", "what it tells"], rows);
}
