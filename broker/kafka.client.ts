import { Kafka, logLevel } from "kafkajs";
import { type KafkaLogger, kafkaLogCreator, noDelaySocketFactory } from "./kafka-transporter/kafka.connection.ts";

interface ClientOptions {
  brokers: readonly string[];
  /** Shown in the broker's logs: `eventix-<service>`, or the command. */
  clientId: string;
  /** A service's or pino's logger; silent without one. */
  logger?: KafkaLogger;
}

const SILENT: KafkaLogger = { debug() {}, warn() {} };

/** A kafkajs client for facts. Retries are bounded (about 4 s in all): whoever needs longer has a loop of its own. */
export function createKafka({ brokers, clientId, logger = SILENT }: ClientOptions): Kafka {
  return new Kafka({
    clientId,
    brokers: [...brokers],
    connectionTimeout: 3_000,
    requestTimeout: 10_000,
    retry: { initialRetryTime: 100, maxRetryTime: 1_000, retries: 5 },
    socketFactory: noDelaySocketFactory,
    logLevel: logLevel.WARN,
    logCreator: kafkaLogCreator(logger),
  });
}
