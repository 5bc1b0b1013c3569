import { Errors } from "moleculer";

/** A packet did not leave, or may not have arrived. The same call may succeed when it is made again. */
export const notSent = (message: string) => new Errors.MoleculerRetryableError(message, 503, "PACKET_NOT_SENT");

/** Too much waits already. */
export const queueFull = () =>
  new Errors.MoleculerRetryableError("Too much waits to be sent to the other nodes.", 503, "SEND_QUEUE_FULL");

/** A packet was sent and did not arrive whole: the call may have been carried out. */
export const packetLost = (reason: string) =>
  new Errors.MoleculerRetryableError(`A packet was lost on its way: ${reason}.`, 503, "PACKET_LOST");

/** Trying again would not help. */
export const tooLarge = (bytes: number, maxBytes: number) =>
  new Errors.MoleculerError(`A packet of ${bytes} bytes is above the limit of ${maxBytes}.`, 413, "PACKET_TOO_LARGE");

/**
 * Of a client that connected while the broker stood still: kafkajs takes it for connected, never asks again which requests its
 * broker knows, and fails all of them. Only another connection helps.
 */
export const isUnusable = (error: unknown): boolean =>
  causesOf(error).some(({ message }) => message?.includes("Broker not connected"));

interface Failure {
  type?: string;
  message?: string;
  cause?: unknown;
}

/** An error and what it wraps. */
export function causesOf(error: unknown): Failure[] {
  const failure = error as Failure | undefined;
  return failure === undefined ? [] : [failure, ...causesOf(failure.cause)];
}
