import { ServiceBroker, type ServiceSchema } from "moleculer";
import { brokerOptions } from "#broker/broker.options.ts";
import { ownProcess } from "#broker/process.ts";
import { config } from "#config";
import member from "./services/member.service.ts";

// A node as broker/node.ts makes it, with a service that needs no database.
await ownProcess(config, async () => {
  const broker = new ServiceBroker(brokerOptions(config));
  broker.createService(member as unknown as ServiceSchema);
  return broker;
});
