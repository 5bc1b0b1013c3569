import type { Pool } from "pg";
import { EventixError } from "#contracts/errors.ts";
import { type Cause, newFact } from "#contracts/events.ts";
import { appendFacts } from "#mixins/outbox.repository.ts";
import { transaction } from "#mixins/transaction.ts";
import { findTerms, lockOwn, markPublished } from "./event.repository.ts";

/**
 * Puts the organizer's event on sale: freezes it and announces it, once, however often it is asked. Its seats are those of
 * an immutable venue version and its prices have no way to change, so nothing is copied. Throws EVENT_NOT_FOUND.
 */
export async function publishEvent(pool: Pool, organizerId: string, id: string, cause: Cause): Promise<void> {
  await transaction(pool, async (tx) => {
    const status = await lockOwn(tx, organizerId, id);
    if (!status) throw new EventixError("EVENT_NOT_FOUND");
    if (status === "PUBLISHED") return;
    await markPublished(tx, id);
    const terms = await findTerms(tx, id);
    if (!terms) throw new EventixError("EVENT_NOT_FOUND");
    await appendFacts(tx, [newFact("event.published", "eventix/catalog", id, terms, cause)]);
  });
}
