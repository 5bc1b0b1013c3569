import { EventixError } from "#contracts/errors.ts";

/** A provider that has not answered by then is asked again later; leases outlive two calls in a row. */
export const CALL_MS = 5_000;
export const LEASE_MS = 2 * CALL_MS + 2_000;

/**
 * Makes one call to a provider that ends in time whatever the provider does: after 5 s, or when `stopping` aborts, it is told
 * to give up and SERVICE_UNAVAILABLE is thrown, which says nothing about the money.
 */
export async function callProvider<T>(stopping: AbortSignal, call: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const giveUp = () => controller.abort();
  const timer = setTimeout(giveUp, CALL_MS);
  stopping.addEventListener("abort", giveUp, { once: true });
  if (stopping.aborted) giveUp();
  const givenUp = new Promise<never>((_, reject) => {
    const refuse = () =>
      reject(new EventixError("SERVICE_UNAVAILABLE", undefined, "The provider did not answer in time."));
    if (controller.signal.aborted) refuse();
    else controller.signal.addEventListener("abort", refuse, { once: true });
  });
  try {
    return await Promise.race([call(controller.signal), givenUp]);
  } finally {
    clearTimeout(timer);
    stopping.removeEventListener("abort", giveUp);
  }
}

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 5_000;

/** A provider that waits for the buyer tells the result itself; this is for when its word is lost. */
const FIRST_QUESTION_MS = 5_000;
const LONGEST_QUESTION_MS = 30_000;

/** How long to wait before a provider that waits for the buyer is asked, after so many claims. */
export const nextQuestionMs = (claims: number): number =>
  Math.min(FIRST_QUESTION_MS * 2 ** Math.min(claims - 1, 10), LONGEST_QUESTION_MS);

/** How long to wait before the provider is asked again, after so many claims. */
export const nextCallMs = (claims: number): number =>
  Math.min(FIRST_WAIT_MS * 2 ** Math.min(claims - 1, 10), LONGEST_WAIT_MS);
