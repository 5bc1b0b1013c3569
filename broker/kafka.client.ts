import { Kafka, logLevel } from "kafkajs";
import { type KafkaLogger, kafkaLogCreator, noDelaySocketFactory } from "./kafka-transporter/kafka.connection.ts";

interface ClientOptions {
  brokers: readonly string[];
  /** Shown in the broker's logs: `eventix-<service>`, or the command. */
  clientId: string;
  /** A service's or pino's logger; silent without one. */
  logger?: KafkaLogger;
  /** Gives up at once, when nothing was heard for so long: for those who ask whether Kafka is there. */
  onceWithinMs?: number;
}

const SILENT: KafkaLogger = { debug() {}, warn() {} };

/** A kafkajs client for facts. Retries are bounded (about 4 s in all): whoever needs longer has a loop of its own. */
export function createKafka({ brokers, clientId, logger = SILENT, onceWithinMs }: ClientOptions): Kafka {
  const patience = onceWithinMs === undefined ? PATIENT : { ...PATIENT, ...once(onceWithinMs) };
  return new Kafka({
    clientId,
    brokers: [...brokers],
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
