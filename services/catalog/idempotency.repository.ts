import type { Tx } from "#mixins/transaction.ts";

/** A request with an Idempotency-Key, and what it is told apart by. */
export interface KeyedRequest {
  userId: string;
  /** Method and path, with the ids in it. */
  route: string;
  key: string;
  /** SHA-256 of what the request asks for. */
  hash: Buffer;
}

const scopeOf = ({ userId, route, key }: KeyedRequest) => [userId, route, key];

/**
 * Whether this transaction is the one that works for the key, until it ends. Never waits: whoever waited would keep a connection
 * from the one that works.
 */
export async function tryLockKey(tx: Tx, request: KeyedRequest): Promise<boolean> {
  const { rows } = await tx.query("select pg_try_advisory_xact_lock(hashtextextended($1, 0)) as ours", [
    JSON.stringify(scopeOf(request)),
  ]);
  return rows[0].ours;
}

/** The answer kept under the request's key, if it is not older than a day. */
export async function findKept(
  db: Pick<Tx, "query">,
  request: KeyedRequest,
): Promise<{ hash: Buffer; answer: unknown } | undefined> {
  const { rows } = await db.query(
    `select request_hash as hash, answer from idempotency_keys
     where user_id = $1 and route = $2 and key = $3 and created_at >= clock_timestamp() - interval '24 hours'`,
    scopeOf(request),
  );
  return rows[0];
}

/** Keeps an answer under a key that this transaction has locked; one that is older than a day gives way. */
export async function keepAnswer(tx: Tx, request: KeyedRequest, answer: unknown): Promise<void> {
  await tx.query(
    `insert into idempotency_keys (user_id, route, key, request_hash, answer) values ($1, $2, $3, $4, $5)
     on conflict (user_id, route, key) do update
     set request_hash = excluded.request_hash, answer = excluded.answer, created_at = clock_timestamp()`,
    [...scopeOf(request), request.hash, JSON.stringify(answer)],
  );
}
