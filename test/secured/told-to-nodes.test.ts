import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { ServiceBroker } from "moleculer";
import { brokerOptions } from "#broker/broker.options.ts";
import { readConfig, SETTINGS } from "#config";
import { failureOf, until, untilServed } from "../broker/support/cluster.ts";
import { startNode, type TestNode } from "../support/node.ts";

/**
 * Moleculer sends what a node says of itself (services with their settings, metadata and actions) to every other, and answers
 * `$node.*` with it. Here it is what a node says that has a value of its own for each secret.
 */
const NODE_ID = `telling-${process.pid}`;
const SECRETS: Record<string, string> = {
  REDIS_URL: `redis://:redis-pa55word@${new URL(process.env.REDIS_URL as string).host}`,
  TRANSIT_KEY: "transit-pa55word-long-enough",
  PAYMENT_API_KEY: "provider-pa55word-long-enough",
  PAYMENT_WEBHOOK_SECRETS: `whsec_${Buffer.from("webhook-pa55word-that-is-long-enough").toString("base64")}`,
};
/** Those that the servers of the test run gave, and what cannot be set without another Kafka. */
const GIVEN = ["DATABASE_URL_CATALOG", "DATABASE_URL_BOOKING", "DATABASE_URL_PAYMENT"];
const OF_KAFKA = ["KAFKA_TLS_CA", "KAFKA_TLS_CERT", "KAFKA_TLS_KEY", "KAFKA_SASL_PASSWORD"];

/** What of a secret must not be seen: all of it, and the password in an address. */
const partsOf = (secret: string): string[] =>
  secret.includes("://") ? [secret, decodeURIComponent(new URL(secret).password)] : [secret];

let node: TestNode;
let other: ServiceBroker;
before(async () => {
  node = await startNode({ env: { NODE_ID, ...SECRETS } });
  const { NAMESPACE, KAFKA_BROKERS = "" } = { ...process.env, NAMESPACE: `test-${process.pid}` };
  const { TRANSIT_KEY } = SECRETS;
  other = new ServiceBroker(
    brokerOptions(readConfig({ NAMESPACE, KAFKA_BROKERS, NODE_ID: "listening", TRANSIT_KEY, LOG_LEVEL: "fatal" })),
  );
  await other.start();
  await untilServed(other, "booking.create", [NODE_ID]);
});
after(async () => {
  await other?.stop();
  await node?.stop();
});

test("the secrets looked for are all that there are", () => {
  const secrets = Object.values(SETTINGS).flatMap((one) => ("isSecret" in one ? [one.env as string] : []));
  assert.deepEqual(secrets.sort(), [...Object.keys(SECRETS), ...GIVEN, ...OF_KAFKA].sort());
});

test("no secret is in what a node tells every other of itself", async () => {
  const told = await until("all its services are told", () => {
    const { rawInfo } = other.registry.nodes.get(NODE_ID) ?? {};
    return (rawInfo?.services?.length ?? 0) >= 4 ? rawInfo : undefined;
  });
  const text = JSON.stringify(told);
  for (const name of ["catalog", "booking", "payment", "gateway"]) assert(text.includes(`"${name}"`), name);
  assertNothingOf(text);
});

const meta = { user: { id: "ops", organizer: "ops", scopes: ["ops:read", "internal"] } };
const QUESTIONS: [action: string, params: object][] = [
  ["$node.list", {}],
  ["$node.services", { withActions: true }],
  ["$node.actions", { withEndpoints: true }],
  ["$node.events", { withEndpoints: true }],
  ["$node.health", {}],
];
for (const [action, params] of QUESTIONS) {
  test(`nor in what it answers to ${action}`, async () => {
    assertNothingOf(JSON.stringify(await other.call(action, params, { nodeID: NODE_ID, meta })));
  });
}

test("its options, which lead to its services and their databases, are told to no other node, whatever its rights", async () => {
  const { type } = await failureOf(other.call("$node.options", {}, { nodeID: NODE_ID, meta }));
  assert.equal(type, "FORBIDDEN");
});

function assertNothingOf(text: string): void {
  const secrets = [...Object.values(SECRETS), ...GIVEN.map((name) => process.env[name] as string)];
  for (const part of secrets.flatMap(partsOf)) assert(part.length > 5 && !text.includes(part), part);
}
