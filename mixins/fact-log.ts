import type { Logger } from "moleculer";
import { underCorrelation } from "#broker/correlation.ts";
import type { Fact, NewFact } from "#contracts/events.ts";
import { type FactRecord, placeOf, readRecord } from "./fact-record.ts";

/**
 * One line for each fact that a consumer applied, with what followed from it, under the id of the request that began it all:
 * so a booking's way can be followed over all nodes. Not one where it is written: a hold is in the line of its request, and in
 * a stampede a line more for each would cost the node that sells a tenth of what it does.
 */
export function logApplied(
  logger: Logger,
  consumer: string,
  applied: readonly Fact[],
  published: readonly NewFact[],
): void {
  const following = Map.groupBy(published, ({ causationid }) => causationid);
  for (const { id, type, subject, correlationid } of applied) {
    const next = following.get(id)?.filter((fact) => fact.correlationid !== undefined) ?? [];
    const outcome = next.length > 0 ? `: ${next.map((fact) => fact.type).join(", ")}` : "";
    underCorrelation(correlationid, () =>
      logger.info(`${type} is applied by ${consumer}${outcome}`, { subject, fact: id }),
    );
  }
}

/** One line for each dead letter that somebody had published again, with who it was; the lines around it say what came of it. */
export function logRetried(logger: Logger, consumer: string, records: readonly FactRecord[]): void {
  for (const record of records) {
    if (record.retry?.consumer !== consumer) continue;
    const { of, by } = record.retry;
    underCorrelation(readRecord(record).fact?.correlationid, () =>
      logger.info(`${placeOf(record)} is the dead letter ${of} of ${consumer}, retried by ${by}`),
    );
  }
}
