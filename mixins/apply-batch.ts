import type { Pool } from "pg";
import type { Fact, NewFact } from "#contracts/events.ts";
import type { BatchConsumer, Rejected } from "./batch-consumer.ts";
import { deadLetterOf, type FactRecord, placeOf, type ReadRecord, readRecord, subjectOf } from "./fact-record.ts";
import { appendDeadLetters, appendFacts } from "./outbox.repository.ts";
import { claimNew, unclaim } from "./processed-events.repository.ts";
import { isDataError, retryWaitMs } from "./retryable.ts";
import { rounds } from "./rounds.ts";
import { type Tx, transaction } from "./transaction.ts";

export interface BatchContext {
  pool: Pool;
  consumer: BatchConsumer;
  /** `<service>.<consumer>`: its name in processed_events and on dead letters. */
  name: string;
}

export interface Refusal {
  record: FactRecord;
  fact?: Fact | undefined;
  reason: string;
}

/** What became of a batch, in the order of its records; what is neither applied nor refused had been applied before. */
export interface BatchOutcome {
  applied: Fact[];
  refused: Refusal[];
  /** What followed from those applied. */
  published: NewFact[];
}

/** This record fails again and again for a reason that is neither in its data nor likely to pass: a fault of ours. */
export class StuckError extends Error {
  override name = "StuckError";
  readonly record: FactRecord;
  constructor(record: FactRecord, cause: unknown) {
    super(`${placeOf(record)}: ${(cause as Error)?.message ?? cause}`, { cause });
    this.record = record;
  }
}

/** A broken constraint may be a race lost or a drawn value that was taken: the fact alone is tried this often. */
const TRIES_ALONE = 3;

/**
 * Applies records of one partition exactly once, whatever was applied of them before, and never skips one: each is applied,
 * known as applied, or a dead letter, all in the transactions that this commits. A dead letter of another consumer that was
 * published again is none of its business.
 *
 * A batch that fails is halved until what it fails on is alone. Throws what may pass later as it came (see retryable.ts)
 * and StuckError for a fault of ours; the records before it may have been applied then: give all of them again.
 */
export async function applyBatch(context: BatchContext, records: readonly FactRecord[]): Promise<BatchOutcome> {
  const meant = records.filter(({ retry }) => retry === undefined || retry.consumer === context.name);
  const outcome = await applyHalving(context, meant.map(readRecord));
  if (outcome.applied.length > 0) context.consumer.committed?.(outcome.applied);
  return outcome;
}

async function applyHalving(context: BatchContext, records: ReadRecord[]): Promise<BatchOutcome> {
  if (records.length === 0) return { applied: [], refused: [], published: [] };
  try {
    return await applyTogether(context, records);
  } catch (error) {
    if (retryWaitMs(error) !== undefined) throw error;
    const [only, ...more] = records;
    if (!only) throw error;
    if (more.length === 0) return applyAlone(context, only, error);
  }
  const middle = Math.ceil(records.length / 2);
  const head = await applyHalving(context, records.slice(0, middle));
  const tail = await applyHalving(context, records.slice(middle));
  return {
    applied: [...head.applied, ...tail.applied],
    refused: [...head.refused, ...tail.refused],
    published: [...head.published, ...tail.published],
  };
}

async function applyAlone(context: BatchContext, record: ReadRecord, failure: unknown): Promise<BatchOutcome> {
  let error = failure;
  for (let tries = 1; isDataError(error) && tries < TRIES_ALONE; tries++) {
    try {
      return await applyTogether(context, [record]);
    } catch (again) {
      if (retryWaitMs(again) !== undefined) throw again;
      error = again;
    }
  }
  if (!isDataError(error)) throw new StuckError(record.record, error);
  const refusal = {
    record: record.record,
    fact: record.fact,
    reason: `the database refused it: ${(error as Error).message}`,
  };
  await transaction(context.pool, (tx) => bury(tx, context, [refusal]));
  return { applied: [], refused: [refusal], published: [] };
}

const applyTogether = (context: BatchContext, records: ReadRecord[]): Promise<BatchOutcome> =>
  transaction(context.pool, (tx) => applyIn(tx, context, records));

async function applyIn(tx: Tx, context: BatchContext, records: ReadRecord[]): Promise<BatchOutcome> {
  const { consumer, name } = context;
  const unread: Refusal[] = records.flatMap((r) => (r.fact ? [] : [{ record: r.record, reason: r.reason }]));
  const fresh = await pickNew(tx, context, records);
  const rejected: Rejected[] = [];
  const published: NewFact[] = [];
  if (fresh.length > 0) {
    await consumer.lock?.(tx, fresh);
    for (const round of rounds(fresh, subjectOf)) {
      const applied = await consumer.apply(tx, round);
      rejected.push(...(applied.rejected ?? []));
      await appendFacts(tx, applied.publish);
      published.push(...applied.publish);
    }
  }
  const refused = [...unread, ...located(rejected, records)];
  await bury(tx, context, refused);
  const rejectedIds = rejected.map((r) => r.fact.id);
  if (consumer.dedupe !== "version") await unclaim(tx, name, rejectedIds);
  return { applied: fresh.filter((fact) => !rejectedIds.includes(fact.id)), refused, published };
}

/** The facts not applied before, each once, in their order. */
async function pickNew(tx: Tx, { consumer, name }: BatchContext, records: ReadRecord[]): Promise<Fact[]> {
  const once = [...new Map(records.flatMap(({ fact }) => (fact ? [[fact.id, fact] as const] : []))).values()];
  if (consumer.dedupe === "version" || once.length === 0) return once;
  const claimed = await claimNew(
    tx,
    name,
    once.map((fact) => fact.id),
  );
  return once.filter((fact) => claimed.has(fact.id));
}

function located(rejected: Rejected[], records: ReadRecord[]): Refusal[] {
  const recordOf = new Map(records.map((r) => [r.fact?.id, r.record]));
  return rejected.flatMap(({ fact, reason }) => {
    const record = recordOf.get(fact.id);
    return record ? [{ record, fact, reason }] : [];
  });
}

const bury = (tx: Tx, { name }: BatchContext, refused: Refusal[]): Promise<void> =>
  appendDeadLetters(
    tx,
    refused.map(({ record, reason }) => deadLetterOf(record, name, reason)),
  );
