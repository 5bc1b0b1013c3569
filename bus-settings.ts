import { secret, setting, type ValuesOf } from "./setting.ts";
import { isBroker, listOf, oneOf, text } from "./setting-values.ts";

/** How Kafka is reached, by which nodes call one another and facts travel, and how the calls on it are protected. */
export const BUS_SETTINGS = {
  kafkaBrokers: setting(
    "KAFKA_BROKERS",
    "",
    listOf("host:port", isBroker),
    "Kafka brokers as host:port, separated by commas.",
  ),
  kafkaTls: setting("KAFKA_TLS", "off", oneOf("on", "off"), "Whether Kafka is spoken to by TLS."),
  kafkaTlsCa: secret(
    "KAFKA_TLS_CA",
    pem("CERTIFICATE"),
    "The authority that Kafka's certificate is from, as PEM; those that Node.js knows when empty.",
  ),
  kafkaTlsCert: secret("KAFKA_TLS_CERT", pem("CERTIFICATE"), "Our certificate, as PEM, where Kafka asks for one."),
  kafkaTlsKey: secret("KAFKA_TLS_KEY", pem("PRIVATE KEY"), "The key to our certificate, as PEM."),
  kafkaSaslMechanism: setting(
    "KAFKA_SASL_MECHANISM",
    "none",
    oneOf("none", "plain", "scram-sha-256", "scram-sha-512"),
    "How we log in to Kafka.",
  ),
  kafkaSaslUsername: setting("KAFKA_SASL_USERNAME", "", text, "Our user at Kafka."),
  kafkaSaslPassword: secret("KAFKA_SASL_PASSWORD", text, "Its password."),
  transitKey: secret(
    "TRANSIT_KEY",
    transitKey,
    "Encrypts and signs the calls between nodes; the same on all of them. 32 bytes as base64, or a password of at least 20 characters. In clear when empty.",
  ),
} as const;

export type BusValues = ValuesOf<typeof BUS_SETTINGS>;

/** What is wrong with settings that are right one by one, each with the name of the setting to change. */
export function busProblems(bus: Partial<BusValues>): [name: string, problem: string][] {
  const problems: [string, string][] = [];
  const logsIn = bus.kafkaSaslMechanism !== undefined && bus.kafkaSaslMechanism !== "none";
  for (const [name, value] of [
    ["KAFKA_SASL_USERNAME", bus.kafkaSaslUsername],
    ["KAFKA_SASL_PASSWORD", bus.kafkaSaslPassword],
  ] as const) {
    if (value === undefined) continue;
    if (logsIn && value === "")
      problems.push([name, `must be set with KAFKA_SASL_MECHANISM=${bus.kafkaSaslMechanism}`]);
    if (!logsIn && value !== "") problems.push([name, "is of no use until KAFKA_SASL_MECHANISM says how to log in"]);
  }
  for (const [name, value] of [
    ["KAFKA_TLS_CA", bus.kafkaTlsCa],
    ["KAFKA_TLS_CERT", bus.kafkaTlsCert],
    ["KAFKA_TLS_KEY", bus.kafkaTlsKey],
  ] as const) {
    if (value && bus.kafkaTls === "off") problems.push([name, "is of no use without KAFKA_TLS=on"]);
  }
  if (bus.kafkaTlsCert && bus.kafkaTlsKey === "") problems.push(["KAFKA_TLS_KEY", "must be set with KAFKA_TLS_CERT"]);
  if (bus.kafkaTlsKey && bus.kafkaTlsCert === "") problems.push(["KAFKA_TLS_CERT", "must be set with KAFKA_TLS_KEY"]);
  return problems;
}

function pem(kind: "CERTIFICATE" | "PRIVATE KEY") {
  return (raw: string) => {
    if (raw !== "" && !new RegExp(`-----BEGIN [A-Z ]*${kind}-----`).test(raw)) {
      throw new Error(
        `must be a ${kind.toLowerCase()} as PEM (-----BEGIN …), or its file be named by the setting with _FILE`,
      );
    }
    return raw;
  };
}

const PASSWORD_MIN = 20;

function transitKey(raw: string): string {
  if (raw !== "" && raw.length < PASSWORD_MIN) {
    throw new Error(`must have at least ${PASSWORD_MIN} characters: openssl rand -base64 32 makes one`);
  }
  return raw;
}
