import type { Knex } from "knex";
import { divideProcessedEvents, undivideProcessedEvents } from "../facts.tables.ts";
import { indexIdempotencyKeysByAge } from "../idempotency.tables.ts";

/** Lets what is only kept for a while be found by its age. */
export async function up(db: Knex): Promise<void> {
  await indexIdempotencyKeysByAge(db);
  await divideProcessedEvents(db);
}

export async function down(db: Knex): Promise<void> {
  await db.raw("drop index idempotency_keys_by_age");
  await undivideProcessedEvents(db);
}
