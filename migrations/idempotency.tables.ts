import type { Knex } from "knex";

/** The answers that requests with an Idempotency-Key got, for a day. */
export async function createIdempotencyKeys(db: Knex): Promise<void> {
  await db.raw(`
    create table idempotency_keys (
      user_id text not null,
      route text not null,
      key text not null,
      request_hash bytea not null,
      answer json not null,
      created_at timestamptz not null default clock_timestamp(),
      primary key (user_id, route, key)
    )`);
}

/** For their pruning. */
export async function indexIdempotencyKeysByAge(db: Knex): Promise<void> {
  await db.raw("create index idempotency_keys_by_age on idempotency_keys (created_at)");
}
