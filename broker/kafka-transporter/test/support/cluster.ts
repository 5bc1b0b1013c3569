import { randomUUID } from "node:crypto";
import { type Admin, Kafka, logLevel, type Message } from "kafkajs";
import { type BrokerOptions, Loggers, ServiceBroker, type ServiceSchema } from "moleculer";
import { KafkaTransporter, type KafkaTransporterOptions, type Limits } from "../../index.ts";
import { withAdmin as withAdminOf } from "../../topics.ts";
import { until } from "./until.ts";

export const BROKERS = (process.env.KAFKA_BROKERS ?? "").split(",").filter((broker) => broker !== "");
if (BROKERS.length === 0) throw new Error("KAFKA_BROKERS is not set: host:port of a Kafka that these tests may use.");

interface NodeOptions {
  services?: object[];
  limits?: Partial<Limits>;
  kafka?: KafkaTransporterOptions["kafka"];
  options?: BrokerOptions;
}

/** A node, and what it has logged as warnings and errors. */
export interface TestNode {
  broker: ServiceBroker;
  said: string[];
}

/** Nodes of a namespace of their own, so that tests do not see each other's. */
export class Cluster {
  readonly namespace = `test-${randomUUID().slice(0, 8)}`;
  readonly prefix = `MOL-${this.namespace}`;
  readonly #brokers: ServiceBroker[] = [];

  async start(nodeID: string, { services = [], limits, kafka, options }: NodeOptions = {}): Promise<TestNode> {
    const said: string[] = [];
    const broker = new ServiceBroker({
      namespace: this.namespace,
      nodeID,
      logger: new Keeping(said),
      requestTimeout: 30_000,
      heartbeatInterval: 1,
      heartbeatTimeout: 5,
      skipProcessEventRegistration: true,
      transporter: new KafkaTransporter({ brokers: BROKERS, ...(limits && { limits }), ...(kafka && { kafka }) }),
      ...options,
    } as BrokerOptions);
    this.#brokers.push(broker);
    for (const service of services) broker.createService({ ...service } as ServiceSchema);
    await broker.start();
    return { broker, said };
  }

  async stop(): Promise<void> {
    await Promise.all(this.#brokers.map((broker) => broker.stop()));
    await withAdmin(async (admin) => {
      const topics = (await admin.listTopics()).filter((topic) => topic.startsWith(`${this.prefix}.`));
      // A broker that removes inboxes of nodes long gone may have been there first.
      if (topics.length > 0) await admin.deleteTopics({ topics }).catch(unlessGone);
    });
  }
}

function unlessGone(error: Error & { cause?: { type?: unknown } }): void {
  if (error.cause?.type !== "UNKNOWN_TOPIC_OR_PARTITION") throw error;
}

class Keeping extends Loggers.Base<object> {
  readonly #said: string[];

  constructor(said: string[]) {
    super({ level: "warn" });
    this.#said = said;
  }

  override getLogHandler() {
    return (level: string, args: unknown[]) => {
      if (["warn", "error", "fatal"].includes(level)) this.#said.push(args.map(String).join(" "));
    };
  }
}

/** Waits until `from` knows of an endpoint of `action` on each of the nodes, and of no other. */
export async function untilServed(from: TestNode, action: string, nodes: string[]): Promise<void> {
  const wanted = [...nodes].sort().join();
  await until(`${action} served by ${wanted}`, () => servedBy(from, action) === wanted);
}

interface Listed {
  name: string;
  endpoints?: { nodeID: string; available: boolean }[];
}

function servedBy({ broker }: TestNode, action: string): string {
  const actions: Listed[] = broker.registry.getActionList({ withEndpoints: true, onlyAvailable: true });
  const endpoints = actions.filter(({ name }) => name === action).flatMap((listed) => listed.endpoints ?? []);
  return endpoints
    .filter(({ available }) => available)
    .map(({ nodeID }) => nodeID)
    .sort()
    .join();
}

const kafka = () => new Kafka({ clientId: "test", brokers: BROKERS, logLevel: logLevel.NOTHING });
export const withAdmin = <T>(work: (admin: Admin) => Promise<T>): Promise<T> => withAdminOf(kafka(), work);

/** Writes to a topic what no node sent. */
export async function write(topic: string, messages: Message[]): Promise<void> {
  const producer = kafka().producer({ allowAutoTopicCreation: false });
  await producer.connect();
  try {
    await producer.send({ topic, messages });
  } finally {
    await producer.disconnect();
  }
}
