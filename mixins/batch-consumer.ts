import type { Pool } from "pg";
import type { Fact, NewFact } from "#contracts/events.ts";
import type { Topic } from "#contracts/topics.ts";
import type { Tx } from "./transaction.ts";

/** A fact that breaks a rule for ever: it goes to its topic's dead letters, and the facts around it are applied. */
export interface Rejected {
  fact: Fact;
  reason: string;
}

export interface Applied {
  /** What follows from the facts: written to the outbox in the same transaction. */
  publish: NewFact[];
  rejected?: Rejected[];
}

/**
 * What a consumer of facts does, and nothing of how it gets them (consumer.mixin.ts).
 *
 * Each batch is one transaction: `lock` once for all its new facts, then `apply` in rounds, round n holding each subject's
 * n-th fact of the batch, in the order of the topic.
 */
export interface BatchConsumer<T extends Topic = Topic> {
  /** The consumer's name within its service, as `payment-result`; the group is `eventix.<service>.<name>`. */
  name: string;
  topics: readonly T[];
  /** `processed_events` unless the facts tell a repeat by themselves (event.published by its version). */
  dedupe?: "processed_events" | "version";
  /** Locks every row that `apply` will touch: bookings by (event_id, id), then seats by (event_id, seat_id). */
  lock?(tx: Tx, facts: Fact<T>[]): Promise<void>;
  apply(tx: Tx, facts: Fact<T>[]): Promise<Applied>;
  /** After the commit: wake whoever waits for what was written. */
  committed?(facts: Fact<T>[]): void;
}

export type ConsumerFactory = (service: { pool: Pool; [key: string]: unknown }) => BatchConsumer;
