import type { CallingOptions, Context, ServiceBroker } from "moleculer";
import type { Elsewhere } from "#broker/strategies/elsewhere.ts";
import type { CallMeta } from "#contracts/caller.ts";
import { ERRORS } from "#contracts/errors.ts";
import { codeOf } from "./http-errors.ts";

export interface Success {
  data: unknown;
  /** It is the answer kept under the Idempotency-Key. */
  replayed: boolean;
}
export interface Failure {
  error: unknown;
}
export type Outcome = Success | Failure;

export const isSuccess = (outcome: Outcome): outcome is Success => !("error" in outcome);

const isOfType = (outcome: Outcome, type: string): boolean =>
  !isSuccess(outcome) && (outcome.error as { type?: unknown } | null)?.type === type;

/** Its node is there and may have done what it was asked, but a packet of it was lost. */
export const isUnheard = (outcome: Outcome): boolean => isOfType(outcome, "PACKET_LOST");

/** It will not be answered: a packet of it was lost, or its node is known to be gone. */
export const isLost = (outcome: Outcome): boolean => isUnheard(outcome) || isOfType(outcome, "REQUEST_REJECTED");

/** Its node takes no more calls, since it stops, and has not begun this one: what Moleculer answers in its place, by its name. */
export const hasLeft = ({ nodeId, outcome }: Attempt): boolean =>
  outcome !== undefined &&
  isOfType(outcome, "SERVICE_NOT_AVAILABLE") &&
  ((outcome as Failure).error as { data?: { nodeID?: unknown } }).data?.nodeID === nodeId;

/** It says that nothing was done and why, which a 5xx does not. */
export const isRefusal = (outcome: Outcome): boolean =>
  !isSuccess(outcome) && ERRORS[codeOf(outcome.error)].status < 500;

/** One call of an action on one node, and how it ended. */
export class Attempt {
  /** Undefined when no node offers the action. */
  readonly nodeId: string | undefined;
  readonly ended: Promise<Outcome>;
  outcome: Outcome | undefined;

  constructor(
    broker: ServiceBroker,
    { action, params }: { action: string; params: object },
    options: CallingOptions & Elsewhere,
  ) {
    const call = broker.call(action, params, options) as Promise<unknown> & {
      ctx?: Context<object, CallMeta & object>;
    };
    const { ctx } = call;
    this.nodeId = ctx?.nodeID ?? undefined;
    this.ended = call
      .then(
        (data): Outcome => ({ data, replayed: ctx?.meta.idempotencyReplayed === true }),
        (error: unknown): Outcome => ({ error }),
      )
      .then((outcome) => {
        this.outcome = outcome;
        return outcome;
      });
  }
}

/** The first outcome that will do; undefined when all attempts have ended without one. */
export function firstThat(
  attempts: readonly Attempt[],
  willDo: (outcome: Outcome) => boolean,
): Promise<Outcome | undefined> {
  return new Promise((resolve) => {
    let open = attempts.length;
    for (const { ended } of attempts) {
      void ended.then((outcome) => {
        if (willDo(outcome)) resolve(outcome);
        else if (--open === 0) resolve(undefined);
      });
    }
  });
}
