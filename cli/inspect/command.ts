import { Command } from "commander";
import { EXIT } from "../exit-codes.ts";
import { joinCluster } from "./cluster.ts";
import type { Inspection } from "./inspection.ts";
import { operator } from "./operator.ts";

/** The command of `eventix` that joins the cluster, asks, prints the answer and leaves. */
export function inspectionCommand(inspection: Inspection): Command {
  const command = new Command(inspection.name)
    .description(inspection.description)
    .option("--json", "print one JSON object");
  for (const { name, parse } of inspection.arguments) command.argument(`<${name}>`, undefined, parse);
  return command.action(async (...given: unknown[]) => {
    const values = given.slice(0, inspection.arguments.length) as string[];
    const { json } = given[values.length] as { json?: true };
    const cluster = await joinCluster({ name: "cli", caller: operator("cli"), logLevel: "fatal" });
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
      process.once(signal, () => cluster.leave().finally(() => process.exit(EXIT.interrupted)));
    }
    try {
      await cluster.untilOffered(inspection.services);
      const answer = await inspection.run(cluster, ...values);
      process.stdout.write(json ? `${JSON.stringify(answer.json)}\n` : answer.text);
    } finally {
      await cluster.leave();
      // What kafkajs still waits for would keep the process for most of a second: this comes after the error is told.
      setImmediate(() => process.exit());
    }
  });
}
