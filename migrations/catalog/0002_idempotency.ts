import type { Knex } from "knex";
import { createIdempotencyKeys, indexIdempotencyKeysByAge } from "../idempotency.tables.ts";

export async function up(db: Knex): Promise<void> {
  await createIdempotencyKeys(db);
  await indexIdempotencyKeysByAge(db);
}

export async function down(db: Knex): Promise<void> {
  await db.raw("drop table idempotency_keys");
}
