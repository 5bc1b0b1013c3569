import type { Knex } from "knex";
import type { EventResponse } from "#contracts/catalog.ts";
import { EventixError } from "#contracts/errors.ts";
import { type Cause, newFact } from "#contracts/events.ts";
import { appendFacts } from "#mixins/outbox.repository.ts";
import type { Tx } from "#mixins/transaction.ts";
import { findOwn, findTerms, lockOwn, markPublished } from "./event.repository.ts";
import type { Transact } from "./idempotency.ts";

/**
 * Puts the organizer's event on sale: freezes it and announces it, once, however often it is asked. Its seats are those of
 * an immutable venue version and its prices have no way to change, so nothing is copied. Throws EVENT_NOT_FOUND.
 */
export async function publishEvent(
  { db, transact }: { db: Knex; transact: Transact },
  organizerId: string,
  id: string,
  cause: Cause,
): Promise<EventResponse> {
  return transact(async (tx) => {
    const status = await lockOwn(tx, organizerId, id);
    if (!status) throw new EventixError("EVENT_NOT_FOUND");
    if (status === "DRAFT") await announce(tx, id, cause);
    const published = await findOwn(db, organizerId, id, tx);
    if (!published) throw new EventixError("EVENT_NOT_FOUND");
    return published;
  });
}

async function announce(tx: Tx, id: string, cause: Cause): Promise<void> {
  await markPublished(tx, id);
  const terms = await findTerms(tx, id);
  if (!terms) throw new EventixError("EVENT_NOT_FOUND");
  await appendFacts(tx, [newFact("event.published", "eventix/catalog", id, terms, cause)]);
}
