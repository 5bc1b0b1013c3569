import { ServiceBroker } from "moleculer";
import { KafkaTransporter } from "../../index.ts";
import { BROKERS } from "./cluster.ts";

// A node of a process of its own, which a test can stop and kill: `member.ts NAMESPACE NODE`.
const [namespace = "", nodeID = ""] = process.argv.slice(2);
const broker = new ServiceBroker({
  namespace,
  nodeID,
  logger: false,
  heartbeatInterval: 1,
  heartbeatTimeout: 5,
  transporter: new KafkaTransporter({ brokers: BROKERS }),
});
broker.createService({ name: nodeID, actions: { who: () => nodeID } });
await broker.start();
