import type { REPLServer } from "node:repl";
import { styleText } from "node:util";
import type { BrokerOptions } from "moleculer";
import type { Scope } from "#contracts/caller.ts";
import { booking } from "../commands/booking.ts";
import { event } from "../commands/event.ts";
import { lag } from "../commands/lag.ts";
import { seat } from "../commands/seat.ts";
import { sweep } from "../commands/sweep.ts";
import { why } from "../commands/why.ts";
import { type Cluster, joinCluster } from "../inspect/cluster.ts";
import { operator } from "../inspect/operator.ts";
import { auditInspection } from "./audit.ts";
import { completeIds } from "./completion.ts";
import { customCommand } from "./custom-commands.ts";
import { dlqInspections } from "./dlq.ts";
import { outboxInspection } from "./outbox.ts";

const INSPECTIONS = [event, seat, booking, why, sweep, lag, ...dlqInspections, outboxInspection, auditInspection];
/** `exit` and Ctrl-D leave the cluster first; a Kafka that does not answer is not waited for. */
const LEAVE_MS = 4_000;

/** Joins the running cluster as a node without services, and hands the terminal to Moleculer's REPL until it is left. */
export async function runRepl(scopes: readonly Scope[]): Promise<void> {
  let cluster: Cluster | undefined;
  cluster = await joinCluster({
    name: "repl",
    caller: operator("repl", scopes),
    logLevel: "warn",
    replOptions: {
      delimiter: "eventix $",
      customCommands: INSPECTIONS.map((one) => customCommand(one, () => cluster as Cluster)),
    } as unknown as BrokerOptions["replOptions"],
  });
  welcome(cluster);
  const server = cluster.broker.repl() as unknown as REPLServer;
  completeIds(server, cluster.ask);
  server.on("exit", () => setTimeout(() => process.exit(0), LEAVE_MS).unref());
  for (const signal of ["SIGTERM", "SIGHUP"] as const) process.on(signal, () => server.close());
}

function welcome({ broker, caller }: Cluster): void {
  const nodes = broker.registry.getNodeList({ onlyAvailable: true, withServices: false });
  const others = nodes.map(({ id }: { id: string }) => id).filter((id: string) => id !== broker.nodeID);
  const met =
    others.length > 0 ? `with ${others.join(", ")}` : styleText("yellow", "where no other node runs: npm start");
  process.stdout.write(`Joined the cluster ${broker.namespace} as ${broker.nodeID}, ${met}.\n`);
  process.stdout.write(
    `You act as ${caller.id} with ${caller.scopes.join(", ")}. help lists the commands, exit leaves.\n`,
  );
}
