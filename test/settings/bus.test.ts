import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { kafkaAccess } from "#broker/kafka.client.ts";
import { readConfig } from "#config";

const CERT = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----";
const KEY = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----";
const LOGIN = { KAFKA_SASL_USERNAME: "eventix", KAFKA_SASL_PASSWORD: "s3cret" };

test("without more settings Kafka is reached as before", () => {
  assert.deepEqual(kafkaAccess(readConfig({ KAFKA_BROKERS: "a:1, b:2" })), { brokers: ["a:1", "b:2"] });
});

for (const mechanism of ["plain", "scram-sha-256", "scram-sha-512"]) {
  test(`KAFKA_SASL_MECHANISM=${mechanism} logs in with user and password`, () => {
    const { sasl } = kafkaAccess(readConfig({ ...LOGIN, KAFKA_SASL_MECHANISM: mechanism }));
    assert.deepEqual(sasl, { mechanism, username: "eventix", password: "s3cret" });
  });
}

test("KAFKA_TLS=on speaks TLS: with the authorities that Node.js knows, or one's own, and with a certificate", () => {
  assert.deepEqual(kafkaAccess(readConfig({ KAFKA_TLS: "on" })).ssl, {});
  const own = readConfig({ KAFKA_TLS: "on", KAFKA_TLS_CA: CERT, KAFKA_TLS_CERT: CERT, KAFKA_TLS_KEY: KEY });
  assert.deepEqual(kafkaAccess(own).ssl, { ca: CERT, cert: CERT, key: KEY });
});

describe("settings that do not go together are refused:", () => {
  const cases: [env: Record<string, string>, says: RegExp][] = [
    [{ KAFKA_SASL_MECHANISM: "plain" }, /KAFKA_SASL_USERNAME: must be set with/],
    [{ KAFKA_SASL_MECHANISM: "plain", KAFKA_SASL_USERNAME: "a" }, /KAFKA_SASL_PASSWORD: must be set with/],
    [LOGIN, /KAFKA_SASL_PASSWORD: is of no use until KAFKA_SASL_MECHANISM/],
    [{ KAFKA_SASL_MECHANISM: "kerberos", ...LOGIN }, /must be one of none, plain, scram-sha-256, scram-sha-512/],
    [{ KAFKA_TLS_CA: CERT }, /KAFKA_TLS_CA: is of no use without KAFKA_TLS=on/],
    [{ KAFKA_TLS: "on", KAFKA_TLS_CERT: CERT }, /KAFKA_TLS_KEY: must be set with KAFKA_TLS_CERT/],
    [{ KAFKA_TLS: "on", KAFKA_TLS_KEY: KEY }, /KAFKA_TLS_CERT: must be set with KAFKA_TLS_KEY/],
    [{ KAFKA_TLS: "on", KAFKA_TLS_CA: "/etc/ca.pem" }, /KAFKA_TLS_CA: must be a certificate as PEM .*_FILE/],
    [{ KAFKA_TLS: "on", KAFKA_TLS_CERT: CERT, KAFKA_TLS_KEY: CERT }, /KAFKA_TLS_KEY: must be a private key as PEM/],
    [{ TRANSIT_KEY: "too short" }, /TRANSIT_KEY: must have at least 20 characters/],
  ];
  for (const [env, says] of cases) {
    test(`${Object.keys(env).join(", ")}: ${says.source}`, () =>
      assert.throws(() => readConfig(env), { message: says }));
  }
});
