import { type ErrorCode, EventixError } from "#contracts/errors.ts";
import type { EventActor, PendingHold } from "./event.actor.ts";

/** A hold in a batch, and the actor whose mailbox it came from and may go back to. */
export interface Ticket {
  actor: EventActor;
  hold: PendingHold;
}

export const isAlone = (batch: readonly Ticket[]): boolean => batch.some(({ hold }) => hold.alone);

/** Those whose deadline has not passed; refuses the others. */
export function inTime(batch: Ticket[]): Ticket[] {
  const [late, rest] = [[] as Ticket[], [] as Ticket[]];
  const now = Date.now();
  for (const ticket of batch) (ticket.hold.deadline <= now ? late : rest).push(ticket);
  refuseAll(late, "SERVICE_UNAVAILABLE");
  return rest;
}

export const resourcesOf = (batch: Ticket[]): string[] => [
  ...new Set(batch.flatMap(({ actor, hold }) => actor.indexesOf(hold).map((n) => `{${actor.eventId}}:seat:${n}`))),
];

export function refuseAll(batch: Ticket[], code: ErrorCode): Ticket[] {
  for (const { hold } of batch) hold.reject(new EventixError(code));
  return [];
}

export function later(batch: Ticket[], waitMs: number): Ticket[] {
  for (const { hold } of batch) hold.notBefore = Date.now() + waitMs;
  return batch;
}
