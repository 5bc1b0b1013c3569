import type { Logger } from "moleculer";
import { withCorrelation } from "#broker/correlation.ts";
import type { OutboxRow } from "./outbox.repository.ts";

/** What a line needs to know of a fact. */
interface Told {
  id: string;
  type: string;
  subject: string;
  correlationid?: string | undefined;
}

/**
 * One line for each step of a fact, under the id of the request that began it all: so a booking's way can be followed over all
 * nodes. What no request began (seat.changed) is for debugging.
 */
export function logStep(logger: Logger, { id, type, subject, correlationid }: Told, step: string): void {
  const line = [`${type} ${step}`, { subject, fact: id }];
  if (correlationid === undefined) logger.debug(...line);
  else withCorrelation(correlationid, () => logger.info(...line));
}

/** The facts among rows that are on their topics now; a dead letter is told of by the consumer that refused it. */
export function logPublished(logger: Logger, rows: readonly OutboxRow[]): void {
  for (const { topic, value } of rows) {
    const fact = topic.endsWith(".dlq") ? undefined : read(value);
    if (fact) logStep(logger, fact, "is published");
  }
}

function read(value: Buffer | null): Told | undefined {
  try {
    return JSON.parse(String(value)) ?? undefined;
  } catch {
    return undefined;
  }
}
