import { Kafka, type KafkaConfig, logLevel } from "kafkajs";
import type { Config } from "#config";
import { type KafkaLogger, kafkaLogCreator, noDelaySocketFactory } from "./kafka-transporter/kafka.connection.ts";

/** Where Kafka is, and how one gets in: all that says so, in the form that kafkajs takes. */
export type KafkaAccess = Pick<KafkaConfig, "ssl" | "sasl"> & { brokers: string[] };

type KafkaSettings = Pick<
  Config,
  | "kafkaBrokers"
  | "kafkaTls"
  | "kafkaTlsCa"
  | "kafkaTlsCert"
  | "kafkaTlsKey"
  | "kafkaSaslMechanism"
  | "kafkaSaslUsername"
  | "kafkaSaslPassword"
>;

/** What everything goes by that talks to Kafka: facts, the transporter, commands and the stack. */
export function kafkaAccess(settings: KafkaSettings): KafkaAccess {
  const { kafkaSaslMechanism: mechanism, kafkaSaslUsername: username, kafkaSaslPassword: password } = settings;
  const { kafkaTlsCa: ca, kafkaTlsCert: cert, kafkaTlsKey: key } = settings;
  return {
    brokers: [...settings.kafkaBrokers],
    ...(settings.kafkaTls === "on" && { ssl: { ...(ca && { ca }), ...(cert && { cert, key }) } }),
    // One of three mechanisms of one form; the type wants each by itself.
    ...(mechanism !== "none" && { sasl: { mechanism, username, password } as KafkaConfig["sasl"] }),
  };
}

interface ClientOptions extends KafkaAccess {
  /** Shown in the broker's logs: `eventix-<service>`, or the command. */
  clientId: string;
  /** A service's or pino's logger; silent without one. */
  logger?: KafkaLogger;
  /** Gives up at once, when nothing was heard for so long: for those who ask whether Kafka is there. */
  onceWithinMs?: number;
  /** Other patience than a node's, for commands. */
  patience?: Pick<KafkaConfig, "connectionTimeout" | "requestTimeout" | "retry">;
}

const SILENT: KafkaLogger = { debug() {}, warn() {} };

/** A kafkajs client for facts. Retries are bounded (about 4 s in all): whoever needs longer has a loop of its own. */
export function createKafka({ clientId, logger = SILENT, onceWithinMs, patience, ...access }: ClientOptions): Kafka {
  return new Kafka({
    clientId,
    ...access,
    ...PATIENT,
    ...(onceWithinMs !== undefined && once(onceWithinMs)),
    ...patience,
    socketFactory: noDelaySocketFactory,
    logLevel: logLevel.WARN,
    logCreator: kafkaLogCreator(logger),
  });
}

const PATIENT = {
  connectionTimeout: 3_000,
  requestTimeout: 10_000,
  retry: { initialRetryTime: 100, maxRetryTime: 1_000, retries: 5 },
};
const once = (ms: number) => ({ connectionTimeout: ms, requestTimeout: ms, retry: { retries: 0 } });
