import { setTimeout as sleep } from "node:timers/promises";
import type { Context, Logger, ServiceBroker } from "moleculer";
import { type Elsewhere, isOfferedElsewhere } from "#broker/strategies/elsewhere.ts";
import type { BookingResponse } from "#contracts/booking.ts";
import type { CallMeta } from "#contracts/caller.ts";
import { ERROR_CODES, EventixError, errorCodeOf } from "#contracts/errors.ts";
import { Attempt, firstThat, hasLeft, isLost, isRefusal, isSuccess, isUnheard, type Outcome } from "./attempt.ts";

/**
 * How a call is sent a second time, to another node. `alike`: whichever node answers, the answer is right, as of a read, and
 * as of a cancel, which finds what the other one did. `hold`: see Repeater.
 */
export type Repetition = "alike" | "hold";

export interface Asked {
  action: string;
  params: object;
  timeoutMs: number;
  meta: CallMeta;
  /** Not at all when undefined. */
  repeated: Repetition | undefined;
}

/** Of the calls under way, how many may be second ones only because the first is slow: what is slow may be so from load. */
const SLOW_SHARE = 0.1;
/**
 * What was sent to Postgres before a hold's deadline is committed, or is not, so soon after it, though the clocks of two nodes are a
 * fifth of a second apart.
 */
const COMMITTED_MS = 250;

interface Remembered {
  askedAgain?: boolean;
}

/** Whether what was asked in this context was asked of a second node: then it waited for a node, not for its turn. */
export const wasAskedAgain = (ctx: Context | undefined): boolean =>
  (ctx?.locals as Remembered | undefined)?.askedAgain === true;

/**
 * Calls once, and once more elsewhere when the answer is lost, with its node or alone, or has not come for REPEAT_AFTER_MS. Any
 * answer, a 503 too, is an answer: then nothing is repeated. A node that is about to stop has taken nothing on: whatever it was asked is
 * asked elsewhere as if for the first time.
 *
 * Both attempts of a hold have one booking id, so they make one booking at most, and a grant of either is the answer. A refusal
 * of one is believed when the other has been refused too: alone it may come from the very seats that the other got, or before
 * the other got them. When one of them stays silent, its deadline is waited for, after which nothing is written, and the
 * booking is looked up: if it is there it is the answer, if not the refusal is, and 503 if nothing is known. So it goes as well
 * with one whose answer is lost where no other node could be asked, unless its node is gone: then nobody could say.
 */
export class Repeater {
  readonly #broker: ServiceBroker;
  readonly #logger: Logger;
  /** Without an answer for so long, a node is slow. */
  readonly #afterMs: number;
  #underWay = 0;
  #slow = 0;
  #waitingOut = 0;
  /** Calls that have been silent for long and may not be made again yet, the longest silent first. */
  readonly #waiting = new Set<() => void>();

  constructor({ broker, logger, afterMs }: { broker: ServiceBroker; logger: Logger; afterMs: number }) {
    this.#broker = broker;
    this.#logger = logger;
    this.#afterMs = afterMs;
  }

  /** Calls that only wait for a deadline to pass: they cost nothing. */
  get waitingOut(): number {
    return this.#waitingOut;
  }

  /** What the action answers; `idempotencyReplayed` is then in the meta of `ctx`. Throws what the action throws. */
  async call(ctx: Context<unknown, CallMeta & object>, asked: Asked): Promise<unknown> {
    this.#underWay++;
    try {
      const outcome = await this.#ask(ctx, asked);
      if (!isSuccess(outcome)) throw outcome.error;
      if (outcome.replayed) ctx.meta.idempotencyReplayed = true;
      return outcome.data;
    } finally {
      this.#underWay--;
    }
  }

  async #ask(ctx: Context, asked: Asked): Promise<Outcome> {
    const endsAt = performance.now() + asked.timeoutMs;
    const send = (meta: CallMeta, options: Elsewhere) => {
      const timeout = Math.max(1, endsAt - performance.now());
      return new Attempt(this.#broker, asked, { parentCtx: ctx, timeout, meta, ...options });
    };
    const first = send(asked.meta, {});
    const why = await this.#whyAgain(first, asked);
    if (why === undefined) {
      const outcome = await first.ended;
      const isToBeFound = asked.repeated === "hold" && isUnheard(outcome);
      return isToBeFound ? this.#decideHold(ctx, asked.meta, [first], endsAt) : outcome;
    }

    (ctx.locals as Remembered).askedAgain = true;
    const second = send(why === "left" ? asked.meta : { ...asked.meta, repeat: true }, { notOn: first.nodeId });
    const [from, to] = [first.nodeId, second.nodeId];
    this.#logger.info({ action: asked.action, from, to, why, correlationId: ctx.requestID }, "asked another node too");
    if (why === "slow") {
      void second.ended.then(() => {
        this.#slow--;
        this.#letGo();
      });
    }
    if (why === "left") return second.ended;
    const attempts = [first, second];
    if (asked.repeated === "hold") return this.#decideHold(ctx, asked.meta, attempts, endsAt);
    const answered = await firstThat(attempts, (outcome) => isSuccess(outcome) || isRefusal(outcome));
    return answered ?? second.ended;
  }

  /** Resolves when the attempt has been answered, or another is called for: `slow` ones are counted until they end. */
  #whyAgain(attempt: Attempt, { action, repeated }: Asked): Promise<"left" | "lost" | "slow" | undefined> {
    const { nodeId } = attempt;
    const canGo = () => nodeId !== undefined && isOfferedElsewhere(this.#broker, action, nodeId);
    return new Promise((resolve) => {
      const go = () => {
        if (!canGo()) return;
        this.#slow++;
        resolve("slow");
      };
      const onSilence = () => {
        this.#waiting.add(go);
        this.#letGo();
      };
      const silent = repeated && setTimeout(onSilence, this.#afterMs);
      void attempt.ended.then((outcome) => {
        clearTimeout(silent);
        this.#waiting.delete(go);
        const why = hasLeft(attempt) ? "left" : repeated && isLost(outcome) ? "lost" : undefined;
        resolve(why && canGo() ? why : undefined);
      });
    });
  }

  #letGo(): void {
    for (const go of this.#waiting) {
      if (this.#slow >= Math.max(1, this.#underWay * SLOW_SHARE)) return;
      this.#waiting.delete(go);
      go();
    }
  }

  async #decideHold(ctx: Context, meta: CallMeta, attempts: Attempt[], endsAt: number): Promise<Outcome> {
    const granted = firstThat(attempts, isSuccess);
    const isOver = untilDecided(meta);
    const latest = attempts.at(-1) as Attempt;
    const soonest = await Promise.race([granted, latest.ended, isOver]);
    if (soonest && isSuccess(soonest)) return soonest;
    this.#waitingOut++;
    try {
      const grant = await Promise.race([granted, isOver]);
      if (grant) return grant;
      const refusals = attempts.flatMap(({ outcome }) => (outcome && isRefusal(outcome) ? [outcome] : []));
      const refusal = refusals.at(-1);
      if (refusal && refusals.length === attempts.length) return refusal;
      await isOver;
      const silent = attempts.find(({ outcome }) => outcome === undefined || !isRefusal(outcome));
      return await this.#lookUp(ctx, meta, { notOn: silent?.nodeId, endsAt, refusal });
    } finally {
      this.#waitingOut--;
    }
  }

  /** The booking of a hold if there is one; else why there is none, if that is known. */
  async #lookUp(
    ctx: Context,
    { bookingId }: CallMeta,
    { notOn, endsAt, refusal }: Elsewhere & { endsAt: number; refusal: Outcome | undefined },
  ): Promise<Outcome> {
    const timeout = Math.max(1, endsAt - performance.now());
    const asked = { action: "booking.get", params: { id: bookingId } };
    const found = await new Attempt(this.#broker, asked, { parentCtx: ctx, timeout, notOn }).ended;
    if (isSuccess(found)) return { ...found, data: asMade(found.data as BookingResponse) };
    const isNowhere = errorCodeOf(found.error) === ERROR_CODES.BOOKING_NOT_FOUND;
    return isNowhere && refusal ? refusal : { error: new EventixError("SERVICE_UNAVAILABLE") };
  }
}

const untilDecided = ({ deadline = 0 }: CallMeta): Promise<undefined> =>
  sleep(deadline + COMMITTED_MS - Date.now(), undefined, { ref: false });

/** As its hold was answered, whatever became of it since: with its Idempotency-Key the same will be said again. */
const asMade = (booking: BookingResponse): BookingResponse => ({
  ...booking,
  status: "PENDING",
  reason: null,
  ticketReference: null,
});
