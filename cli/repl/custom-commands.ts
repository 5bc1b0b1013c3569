import { styleText } from "node:util";
import type { ServiceBroker } from "moleculer";
import type { Cluster } from "../inspect/cluster.ts";
import { type Inspection, parseValues, usageOf } from "../inspect/inspection.ts";

/** What moleculer-repl knows of a command of its own commander. */
interface ReplCommand {
  args: string[];
  opts(): { json?: true };
  params: { given: string[]; json: boolean };
}

/** An inspection as moleculer-repl takes a command: with its help and completion, and answers in words whatever is typed. */
export const customCommand = (inspection: Inspection, joined: () => Cluster) => ({
  command: usageOf(inspection),
  description: inspection.description,
  alias: null,
  options: [{ option: "--json", description: "print one JSON object" }],
  // What it does not know itself it would log as an error of the node, with a stack.
  allowUnknownOptions: true,
  parse(command: ReplCommand) {
    command.params = { given: command.args, json: command.opts().json === true };
  },
  async action(_broker: ServiceBroker, { given, json }: ReplCommand["params"]): Promise<void> {
    try {
      const values = parseValues(inspection, given);
      const cluster = joined();
      await cluster.untilOffered(inspection.services);
      const answer = await inspection.run(cluster, ...values);
      process.stdout.write(json ? `${JSON.stringify(answer.json)}\n` : answer.text);
    } catch (error) {
      process.stdout.write(`${styleText("red", (error as Error).message)}\n`);
    }
  },
});
