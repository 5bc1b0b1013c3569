import { setTimeout as sleep } from "node:timers/promises";
import type { Pool } from "pg";
import { config } from "#config";
import { type Call, callerOf } from "#contracts/caller.ts";
import { EventixError } from "#contracts/errors.ts";
import { checkIdempotencyKey } from "#contracts/idempotency.ts";
import { type Tx, transaction } from "#mixins/transaction.ts";
import { findKept, type KeyedRequest, keepAnswer, tryLockKey } from "./idempotency.repository.ts";
import { hashOf } from "./request-hash.ts";
import { finishInTurns } from "./turns.ts";

/** Runs the one transaction of a use case. What `work` returns is the answer to the request. */
export type Transact = <T>(work: (tx: Tx) => Promise<T>) => Promise<T>;

const POLL_MS = 100;

/**
 * Answers a request that changes something. With an Idempotency-Key it has its effect once: the answer is kept in the very
 * transaction that makes the change, and a repeat gets it again. A repeat of one that is being answered waits for that until its
 * own deadline, then throws REQUEST_IN_PROGRESS; the key with another request throws IDEMPOTENCY_KEY_REUSED. What is refused,
 * fails or is killed leaves no key.
 */
export async function answerOnce<T>(
  ctx: Call,
  pool: Pool,
  route: string,
  useCase: (transact: Transact) => Promise<T>,
): Promise<T> {
  const { idempotencyKey, deadline = Date.now() + config.timeouts.holdDeadlineMs } = ctx.meta;
  if (idempotencyKey === undefined) return useCase((work) => transaction(pool, work));
  const request: KeyedRequest = {
    userId: callerOf(ctx).id,
    route,
    key: checkIdempotencyKey(idempotencyKey),
    hash: await finishInTurns(hashOf(ctx.params)),
  };
  const replay = (answer: unknown) => {
    ctx.meta.idempotencyReplayed = true;
    return answer as never;
  };
  // Before any work: a repeat need not read its plan again.
  const kept = await findAnswer(pool, request);
  if (kept) return replay(kept.answer);
  return useCase(async (work) => {
    const { answer, isNew } = await workOnce(pool, request, deadline, work);
    return isNew ? answer : replay(answer);
  });
}

async function workOnce<T>(pool: Pool, request: KeyedRequest, deadline: number, work: (tx: Tx) => Promise<T>) {
  for (;;) {
    const done = await transaction(pool, async (tx) => {
      if (!(await tryLockKey(tx, request))) return undefined;
      const kept = await findAnswer(tx, request);
      if (kept) return { answer: kept.answer as T, isNew: false };
      const answer = await work(tx);
      await keepAnswer(tx, request, answer);
      return { answer, isNew: true };
    });
    if (done) return done;
    if (Date.now() + POLL_MS > deadline) throw new EventixError("REQUEST_IN_PROGRESS");
    await sleep(POLL_MS);
  }
}

async function findAnswer(db: Pick<Tx, "query">, request: KeyedRequest) {
  const kept = await findKept(db, request);
  if (kept && !kept.hash.equals(request.hash)) throw new EventixError("IDEMPOTENCY_KEY_REUSED");
  return kept;
}
