import type { Knex } from "knex";
import { createIdempotencyKeys } from "../idempotency.tables.ts";

export const up = createIdempotencyKeys;

export async function down(db: Knex): Promise<void> {
  await db.raw("drop table idempotency_keys");
}
