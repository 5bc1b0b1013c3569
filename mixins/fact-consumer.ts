import type { Consumer, EachBatchPayload, Kafka } from "kafkajs";
import type { Logger } from "moleculer";
import { underCorrelation } from "#broker/correlation.ts";
import type { HealthPart } from "#broker/node-health.ts";
import type { ConsumedPartition } from "#contracts/health.ts";
import { applyBatch, type BatchContext, type BatchOutcome } from "./apply-batch.ts";
import { logApplied, logRetried } from "./fact-log.ts";
import { type FactRecord, placeOf } from "./fact-record.ts";
import { keepAlive } from "./keep-alive.ts";
import { PartitionPauses } from "./partition-pauses.ts";
import { retryMarkOf } from "./retry-mark.ts";
import { backOffMs } from "./retryable.ts";
import { within } from "./within.ts";

/** Facts a transaction: large enough to share its cost, small enough to end well within statement_timeout. */
const BATCH_FACTS = 500;
/**
 * A killed member's partitions move when its session ends; so do those that a broker remembers when it comes back after a
 * crash. The broker takes no less.
 */
const SESSION_MS = 6_000;
const HEARTBEAT_MS = 1_000;
const REBALANCE_MS = 10_000;
/** How long the broker keeps an empty fetch waiting: bounds a clean stop and the return of a paused partition. */
const FETCH_WAIT_MS = 250;
const FETCH_BYTES = 512 * 1024;
/** Partitions applied at the same time: while one waits for its commit another reads. */
const PARTITIONS_AT_ONCE = 3;
const RECONNECT_MS = 500;
/** With the session above it consumes again within ten seconds of Kafka's return. */
const RECONNECT_MAX_MS = 2_000;
/** A batch's transaction is bounded by statement_timeout. */
const STOP_MS = 2_500;

/**
 * Feeds one group's facts to its consumer, for as long as it runs: each batch is applied (apply-batch.ts), then its offset is
 * committed. A partition whose batch cannot be applied pauses and is tried again with back-off; the others go on.
 * Kafka away: says so once, connects again with back-off.
 */
export class FactConsumer implements HealthPart {
  readonly #kafka: Kafka;
  readonly #context: BatchContext;
  readonly #logger: Logger;
  /** Called after each commit: there may be rows for the relay. */
  readonly #onCommit: () => void;
  readonly #pauses: PartitionPauses;
  #consumer: Consumer | undefined;
  #connecting: Promise<void> | undefined;
  #reconnect: NodeJS.Timeout | undefined;
  #failures = 0;
  /** The partitions of the group that are this member's, by topic; undefined while it is not in the group. */
  #assigned: Record<string, number[]> | undefined;
  #stopping = false;
  /** Batches of the partitions that are applied now: the group is left when all of them have ended. */
  readonly #underWay = new Set<Promise<void>>();

  constructor(kafka: Kafka, context: BatchContext, logger: Logger, onCommit: () => void) {
    this.#kafka = kafka;
    this.#context = context;
    this.#logger = logger;
    this.#onCommit = onCommit;
    this.#pauses = new PartitionPauses(this.group, logger);
  }

  get group(): string {
    return `eventix.${this.#context.name}`;
  }

  hindrance(): string | undefined {
    return this.#assigned ? undefined : `${this.group} is not consuming`;
  }

  reads(): Omit<ConsumedPartition, "lag">[] {
    return Object.entries(this.#assigned ?? {}).flatMap(([topic, partitions]) =>
      partitions.map((partition) => ({
        ...{ group: this.group, topic, partition },
        stuckOn: this.#pauses.stuckOn(topic, partition),
      })),
    );
  }

  /** Does not wait for Kafka: facts keep, and so does the service. */
  start(): void {
    this.#connecting = this.#connect();
  }

  /**
   * Resolves when the running transaction and its offsets are committed and the group is left; does not wait for a Kafka that
   * does not answer.
   */
  async stop(): Promise<void> {
    this.#stopping = true;
    clearTimeout(this.#reconnect);
    this.#pauses.clear();
    await within(STOP_MS, this.#connecting);
    await within(STOP_MS, this.#leave());
  }

  async #leave(): Promise<void> {
    await Promise.allSettled(this.#underWay);
    await this.#consumer?.disconnect().catch((error: Error) => this.#logger.debug(`disconnecting: ${error.message}`));
  }

  async #connect(): Promise<void> {
    const consumer = this.#newConsumer();
    this.#consumer = consumer;
    try {
      await consumer.connect();
      await consumer.subscribe({ topics: [...this.#context.consumer.topics], fromBeginning: true });
      await consumer.run({
        autoCommit: false,
        eachBatchAutoResolve: false,
        partitionsConsumedConcurrently: PARTITIONS_AT_ONCE,
        eachBatch: (payload) => this.#watched(this.#eachBatch(payload)),
      });
    } catch (error) {
      await consumer.disconnect().catch(() => {});
      this.#connectLater(error as Error);
    }
  }

  #newConsumer(): Consumer {
    const consumer = this.#kafka.consumer({
      groupId: this.group,
      allowAutoTopicCreation: false,
      sessionTimeout: SESSION_MS,
      heartbeatInterval: HEARTBEAT_MS,
      rebalanceTimeout: REBALANCE_MS,
      maxWaitTimeInMs: FETCH_WAIT_MS,
      maxBytesPerPartition: FETCH_BYTES,
      retry: { initialRetryTime: 200, maxRetryTime: 2_000, retries: 8, restartOnFailure: async () => !this.#stopping },
    });
    consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
      this.#assigned = payload.memberAssignment;
      if (this.#failures > 0) this.#logger.info(`${this.group} is connected again`);
      this.#failures = 0;
    });
    // kafkajs starts again by itself after what it holds to be retriable; after anything else a new consumer does.
    consumer.on(consumer.events.CRASH, ({ payload }) => {
      this.#assigned = undefined;
      if (payload.restart) this.#sayAway(payload.error);
      else this.#connectLater(payload.error);
    });
    return consumer;
  }

  #connectLater(error: Error): void {
    if (this.#stopping) return;
    this.#sayAway(error);
    const waitMs = Math.min(backOffMs(RECONNECT_MS, this.#failures), RECONNECT_MAX_MS);
    this.#reconnect = setTimeout(() => this.start(), waitMs);
  }

  #sayAway(error: Error): void {
    if (this.#failures === 0 && !this.#stopping)
      this.#logger.error({ err: error }, `${this.group} is not consuming: ${error.message}`);
    this.#failures++;
  }

  #watched(batch: Promise<void>): Promise<void> {
    const ended = () => this.#underWay.delete(batch);
    this.#underWay.add(batch);
    batch.then(ended, ended);
    return batch;
  }

  async #eachBatch(payload: EachBatchPayload): Promise<void> {
    const { topic, partition, messages } = payload.batch;
    const session = keepAlive(payload.heartbeat, HEARTBEAT_MS);
    try {
      for (let from = 0; from < messages.length; from += BATCH_FACTS) {
        if (this.#stopping || !payload.isRunning() || payload.isStale()) return;
        const records = messages.slice(from, from + BATCH_FACTS).map((m) => ({
          topic,
          partition,
          offset: m.offset,
          key: m.key,
          value: m.value,
          retry: retryMarkOf(m.headers),
        }));
        if (!(await this.#applied(records, payload))) return;
        // Though a heartbeat may have failed: whether the offset still is this member's to commit, the broker says.
        await this.#commit(records, payload);
        session.check();
      }
    } finally {
      session.end();
    }
  }

  /** Applies the records; if that is not possible now, pauses their partition and says no. */
  async #applied(records: FactRecord[], { pause }: EachBatchPayload): Promise<boolean> {
    const [first] = records;
    if (!first) return true;
    try {
      const outcome = await applyBatch(this.#context, records);
      this.#pauses.end(first);
      this.#log(records, outcome);
      return true;
    } catch (error) {
      if (!this.#stopping) this.#pauses.add(first, error, pause());
      return false;
    } finally {
      this.#onCommit();
    }
  }

  async #commit(records: FactRecord[], payload: EachBatchPayload): Promise<void> {
    const last = records.at(-1);
    if (!last) return;
    const { topic, partition } = last;
    const offset = String(BigInt(last.offset) + 1n);
    // Through the payload: the consumer's own commitOffsets does nothing once stop() has been called.
    await payload.commitOffsetsIfNecessary({ topics: [{ topic, partitions: [{ partition, offset }] }] });
    payload.resolveOffset(last.offset);
  }

  #log(records: FactRecord[], { applied, refused, published }: BatchOutcome): void {
    const known = records.length - applied.length - refused.length;
    this.#logger.debug(`${this.group}: ${applied.length} applied, ${refused.length} refused, ${known} known already`);
    logApplied(this.#logger, this.#context.name, applied, published);
    logRetried(this.#logger, this.#context.name, records);
    for (const { record, fact, reason } of refused) {
      underCorrelation(fact?.correlationid, () =>
        this.#logger.info(`${placeOf(record)} is a dead letter of ${this.group}: ${reason}`),
      );
    }
  }
}
