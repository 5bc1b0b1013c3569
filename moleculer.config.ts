import { brokerOptions } from "#broker/broker.options.ts";
import { nodeConfig } from "#config";

/** The node that this process is: read by broker/node.ts, and by moleculer-runner and its REPL. */
export default brokerOptions(nodeConfig());
