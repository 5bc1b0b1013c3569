import { setTimeout as sleep } from "node:timers/promises";
import { type BrokerOptions, ServiceBroker } from "moleculer";
import { pino } from "pino";
import pretty from "pino-pretty";
import type { Config } from "#config";
import type { Caller } from "#contracts/caller.ts";
import { within } from "#mixins/within.ts";
import { eventixHome } from "#stack/home.ts";
import { stackEnvironment } from "#stack/stack.ts";
import { StackError } from "#stack/stack-error.ts";
import { nodeSettings } from "../start/settings.ts";
import { type Ask, asking, noNodeOffers } from "./ask.ts";
import { OperatorMiddleware } from "./operator.ts";

/** Kafka has answered by then, or will not. */
const JOIN_MS = 15_000;
const LEAVE_MS = 4_000;
/** Nodes introduce themselves within half a second, which joining waits for anyway. */
const OFFERED_WITHIN_MS = 3_000;
const POLL_MS = 50;
/** Moleculer's types ask for a node. */
const ANY_NODE = undefined as unknown as string;

/** A running cluster, joined by this process as a node without services. */
export interface Cluster {
  broker: ServiceBroker;
  caller: Caller;
  ask: Ask;
  /** Whether a node offers the service now. */
  offers(service: string): boolean;
  /** Waits a little until all of these are offered. Throws StackError. */
  untilOffered(services: readonly string[]): Promise<void>;
  leave(): Promise<void>;
}

interface Wish {
  /** Begins the node's name. */
  name: "repl" | "cli";
  caller: Caller;
  /** The least severity that is logged, to stderr, unless LOG_LEVEL says otherwise. */
  logLevel: Config["logLevel"];
  replOptions?: BrokerOptions["replOptions"];
}

/** Joins the cluster of the stack that is up, or of KAFKA_BROKERS. Throws StackError when there is none. */
export async function joinCluster({ name, caller, logLevel, replOptions }: Wish): Promise<Cluster> {
  const settings = await nodeSettings({ LOG_LEVEL: logLevel, ...clusterEnvironment(), NODE_ID: "" });
  const { brokerOptions } = await import("#broker/broker.options.ts");
  const { createLogger } = await import("#broker/logger.ts");
  const config = { ...settings, nodeId: `${name}-${settings.nodeId}` };
  const options = brokerOptions(config, createLogger(config, onStderr()));
  const broker = new ServiceBroker({
    ...options,
    // It would try for ever: whoever waits at a terminal is told instead.
    transit: { disableReconnect: true },
    // Its own calls are all that runs here: leaving does not wait for their answers.
    tracking: { enabled: false },
    middlewares: [...(options.middlewares ?? []), OperatorMiddleware(caller)],
    ...(replOptions && { replOptions }),
  });
  const leave = () => within(LEAVE_MS, broker.stop());
  try {
    const refused = refusalOf(options, config);
    await Promise.race([refused, broker.start()]);
  } catch (error) {
    await leave();
    throw error;
  }
  return {
    broker,
    caller,
    ask: asking(broker, caller),
    offers: (service) => broker.registry.hasService(service, ANY_NODE),
    untilOffered: (services) => untilOffered(broker, services),
    leave,
  };
}

/** What a node of this cluster would read: of the environment if that names Kafka, else of the stack that is up. */
function clusterEnvironment(): NodeJS.ProcessEnv {
  return process.env.KAFKA_BROKERS
    ? process.env
    : { ...process.env, ...stackEnvironment(eventixHome(), process.env, ["kafka"]) };
}

/** Rejects when Kafka refuses or does not answer: Moleculer only logs it and waits on. */
async function refusalOf({ transporter }: BrokerOptions, { kafkaBrokers }: Config): Promise<never> {
  const connecting = transporter as unknown as { connect(): Promise<void> };
  const connect = connecting.connect.bind(connecting);
  const refused = new Promise<string>((resolve) => {
    connecting.connect = async () => {
      await connect().catch((error: Error) => resolve(error.message));
    };
  });
  const late = sleep(JOIN_MS, `no answer within ${JOIN_MS / 1000} s`, { ref: false });
  const reason = await Promise.race([refused, late]);
  throw new StackError(
    `Kafka at ${kafkaBrokers.join(", ")} cannot be reached (${reason}): npx eventix up, or npm start`,
  );
}

async function untilOffered(broker: ServiceBroker, services: readonly string[]): Promise<void> {
  const end = Date.now() + OFFERED_WITHIN_MS;
  for (;;) {
    const missing = services.find((service) => !broker.registry.hasService(service, ANY_NODE));
    if (missing === undefined) return;
    if (Date.now() > end) throw new StackError(noNodeOffers(missing));
    await sleep(POLL_MS);
  }
}

/** stdout is for answers; between them, at a terminal, a line is enough: no stacks. */
const onStderr = () =>
  process.stderr.isTTY
    ? pretty({ sync: true, destination: 2, hideObject: true, translateTime: "SYS:HH:MM:ss.l" })
    : pino.destination({ dest: 2, sync: true });
