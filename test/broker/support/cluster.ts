import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { ServiceBroker, type ServiceSchema } from "moleculer";
import type { DestinationStream } from "pino";
import { brokerOptions } from "#broker/broker.options.ts";
import { createLogger } from "#broker/logger.ts";
import { readConfig } from "#config";
import { withAdmin } from "../../support/kafka-admin.ts";

export const KAFKA_BROKERS = process.env.KAFKA_BROKERS ?? "";

/** A service as a test writes it; Moleculer's own type knows nothing of `access`. */
export interface Definition {
  name: string;
  actions?: Record<string, object>;
  events?: Record<string, object>;
}

interface NodeOptions {
  services?: Definition[];
  /** Settings besides those of every node here. */
  env?: Record<string, string>;
  /** Gets each log line as text. */
  log?: (line: string) => void;
}

/** A namespace of its own, so that tests do not see each other's nodes. */
export class Cluster {
  readonly namespace = `test-${randomUUID().slice(0, 8)}`;
  readonly brokers: ServiceBroker[] = [];

  config(nodeId: string, env: Record<string, string> = {}) {
    const NAMESPACE = this.namespace;
    const LOG_LEVEL = process.env.TEST_LOG_LEVEL ?? "fatal";
    return readConfig({ NAMESPACE, NODE_ID: nodeId, KAFKA_BROKERS, LOG_LEVEL, ...env });
  }

  async start(nodeId: string, { services = [], env = {}, log }: NodeOptions = {}): Promise<ServiceBroker> {
    const config = this.config(nodeId, env);
    const options = brokerOptions(log ? { ...config, logLevel: "debug" } : config, log && loggerTo(log));
    const broker = new ServiceBroker(options);
    this.brokers.push(broker);
    for (const service of services) broker.createService(ownCopy(service));
    await broker.start();
    return broker;
  }

  async stop(): Promise<void> {
    await Promise.all(this.brokers.map((broker) => broker.stop()));
    await withAdmin((admin) => admin.deleteTopics({ topics: [`MOL-${this.namespace}.ALL`] }));
  }
}

/** A logger as nodes have it, whose lines go to `take`. */
export function loggerTo(take: (line: string) => void) {
  const destination: DestinationStream = { write: take };
  return createLogger({ logLevel: "debug", logFormat: "json" }, destination);
}

// Moleculer completes the schema it is given: two brokers must not share one.
const ownCopy = (definition: Definition) =>
  ({
    ...definition,
    actions: Object.fromEntries(
      Object.entries(definition.actions ?? {}).map(([name, action]) => [name, { ...action }]),
    ),
  }) as unknown as ServiceSchema;

/** The error that a call ends in. */
export async function failureOf(call: Promise<unknown>): Promise<MoleculerFailure> {
  try {
    await call;
  } catch (error) {
    return error as MoleculerFailure;
  }
  throw new Error("It did not fail.");
}

export interface MoleculerFailure extends Error {
  code: number;
  type: string;
  data: unknown;
  retryable: boolean;
}

/** Waits until `check` gives something, at most 15 s. */
export async function until<T>(what: string, check: () => T | Promise<T>, withinMs = 15_000): Promise<NonNullable<T>> {
  const end = performance.now() + withinMs;
  for (;;) {
    const value = await check();
    if (value) return value;
    if (performance.now() > end) throw new Error(`Not within ${withinMs} ms: ${what}`);
    await delay(20);
  }
}

/** Waits until `from` knows of an endpoint of `action` on each of the nodes, and of no other. */
export async function untilServed(from: ServiceBroker, action: string, nodes: string[]): Promise<void> {
  const wanted = [...nodes].sort().join();
  const served = () =>
    from.registry
      .getActionList({ withEndpoints: true, onlyAvailable: true })
      .filter(({ name }: { name: string }) => name === action)
      .flatMap(({ endpoints = [] }: { endpoints?: { nodeID: string; available: boolean }[] }) => endpoints)
      .filter(({ available }: { available: boolean }) => available)
      .map(({ nodeID }: { nodeID: string }) => nodeID)
      .sort()
      .join();
  await until(`${action} served by ${wanted}`, () => served() === wanted);
}

export const topicsOf = (namespace: string) =>
  withAdmin(async (admin) => (await admin.listTopics()).filter((topic) => topic.startsWith(`MOL-${namespace}.`)));

export const groupsOf = (namespace: string) =>
  withAdmin(async (admin) => {
    const { groups } = await admin.listGroups();
    return groups.map(({ groupId }) => groupId).filter((id) => id.startsWith(`MOL-${namespace}.`));
  });
