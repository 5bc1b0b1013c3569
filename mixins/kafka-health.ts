import { setTimeout as sleep } from "node:timers/promises";
import type { ServiceBroker } from "moleculer";
import { createKafka, kafkaAccess } from "#broker/kafka.client.ts";
import { type HealthPart, healthOf } from "#broker/node-health.ts";
import { metricsOf } from "#broker/node-metrics.ts";
import { config } from "#config";
import type { ConsumedPartition, Dependency, NodeHealth } from "#contracts/health.ts";
import { DependencyWatch } from "./dependency-watch.ts";
import { KafkaProbe } from "./kafka-probe.ts";

type Read = Omit<ConsumedPartition, "lag">;
/** The part of Moleculer's NodeCatalog that is used. */
interface RegisteredNodes {
  toArray(): { id: string; local: boolean; available: boolean }[];
  disconnected(nodeID: string, isUnexpected: boolean): void;
}

/** Kafka says within some milliseconds that it is there, and how far its groups are. */
const ANSWER_MS = 1_500;
const LAG_MS = 700;
/** Whoever asks within this time of another gets the same answer. */
const SHARED_MS = 1_000;

/** What a node knows of its Kafka, and with it the health of the whole node; one for all services of the node. */
export class KafkaHealth implements HealthPart {
  readonly #broker: ServiceBroker;
  readonly #probe: KafkaProbe;
  readonly #watch: DependencyWatch;
  #services = 0;
  #told: { at: number; health: Promise<NodeHealth> } | undefined;

  constructor(broker: ServiceBroker) {
    const logger = broker.getLogger("health");
    const debug = (...args: unknown[]) => logger.debug(...args);
    const clientId = `${broker.nodeID}-health`;
    const kafkaLogger = { debug, warn: debug };
    this.#broker = broker;
    this.#probe = new KafkaProbe(
      createKafka({ ...kafkaAccess(config), clientId, logger: kafkaLogger, onceWithinMs: ANSWER_MS }),
    );
    this.#watch = new DependencyWatch({
      ...{ name: "kafka", service: null, required: true, logger },
      ask: () => this.#probe.ask(),
      close: () => this.#probe.close(),
      onDown: () => this.#missNodes(),
    });
  }

  /** By each service of the node as it starts. */
  open(): void {
    if (this.#services++ > 0) return;
    healthOf(this.#broker).add(this);
    countHealth(this.#broker, () => this.tell());
    void this.#watch.start();
  }

  /** By each service of the node as it stops. */
  async close(): Promise<void> {
    if (--this.#services > 0) return;
    healthOf(this.#broker).remove(this);
    await this.#watch.stop();
  }

  hindrance(): string | undefined {
    const { transit } = this.#broker as { transit?: { tx: { connected: boolean } } };
    const isAlone = transit !== undefined && !transit.tx.connected;
    return this.#watch.hindrance() ?? (isAlone ? "it is not connected to the other nodes" : undefined);
  }

  dependency(): Dependency {
    return this.#watch.dependency();
  }

  tell(): Promise<NodeHealth> {
    const now = performance.now();
    if (!this.#told || now - this.#told.at > SHARED_MS) this.#told = { at: now, health: this.#ask() };
    return this.#told.health;
  }

  /**
   * Nobody can be heard: calls to other nodes, those under way too, fail now and not at their time-out. A node is there again
   * with its next heartbeat.
   */
  #missNodes(): void {
    const { nodes } = this.#broker.registry as unknown as { nodes: RegisteredNodes };
    for (const { id, local, available } of nodes.toArray()) if (!local && available) nodes.disconnected(id, true);
  }

  async #ask(): Promise<NodeHealth> {
    const board = healthOf(this.#broker);
    const { reads, dependencies } = board;
    const lags = await this.#lagsOf(reads);
    return {
      nodeId: this.#broker.nodeID,
      ready: board.hindrances().length === 0,
      dependencies,
      consumers: reads.map((read) => ({ ...read, lag: lags.get(placeOf(read)) ?? null })),
    };
  }

  /** Of the partitions of which Kafka says it in time. */
  async #lagsOf(reads: readonly Read[]): Promise<Map<string, number>> {
    const lags = new Map<string, number>();
    if (reads.length === 0 || this.#watch.isDown) return lags;
    const asked = [...Map.groupBy(reads, ({ group }) => group)].map(async ([group, read]) => {
      const ofGroup = await this.#probe.lags(group, read).catch(() => new Map<string, number>());
      for (const one of read) {
        const lag = ofGroup.get(`${one.topic}/${one.partition}`);
        if (lag !== undefined) lags.set(placeOf(one), lag);
      }
    });
    await Promise.race([Promise.all(asked), sleep(LAG_MS, undefined, { ref: false })]);
    return lags;
  }
}

/** The metrics of what a node tells of its health. */
function countHealth(broker: ServiceBroker, tell: () => Promise<NodeHealth>): void {
  const metrics = metricsOf(broker);
  metrics.add("eventix_node_ready", async () => [{ value: (await tell()).ready ? 1 : 0, labels: {} }]);
  metrics.add("eventix_dependency_up", async () =>
    (await tell()).dependencies.map(({ name, service, state }) => ({
      value: state === "up" ? 1 : 0,
      labels: { dependency: name, service: service ?? "" },
    })),
  );
  metrics.add("eventix_consumer_lag", async () =>
    (await tell()).consumers.flatMap(({ lag, group, topic, partition }) =>
      lag === null ? [] : [{ value: lag, labels: { group, topic, partition } }],
    ),
  );
  metrics.add("eventix_consumer_stuck", async () =>
    (await tell()).consumers.map(({ stuckOn, group, topic, partition }) => ({
      value: stuckOn === null ? 0 : 1,
      labels: { group, topic, partition },
    })),
  );
}

const placeOf = ({ group, topic, partition }: Read) => `${group} ${topic}/${partition}`;
