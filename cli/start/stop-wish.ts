import type { Say } from "#stack/progress.ts";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Aborted by the first signal that asks this process to end; from then on it ends by what the command does about it. */
export function stopWish(say: Say): AbortController {
  const controller = new AbortController();
  // A terminal that was closed refuses all that is written to it, which must not cut the clean-up off.
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});
  for (const signal of SIGNALS) {
    process.on(signal, () => {
      if (controller.signal.aborted) return;
      say("\nStopping …");
      controller.abort();
    });
  }
  return controller;
}

/** Resolves when the signal is aborted. */
export const aborted = (signal: AbortSignal): Promise<undefined> =>
  new Promise((done) => {
    if (signal.aborted) done(undefined);
    else signal.addEventListener("abort", () => done(undefined), { once: true });
  });

/**
 * Runs until a signal asks it to end, or it fails; then ends what runs, and the process. Throws why it failed. `wish` is aborted
 * before that in either case: what is ended is not to be started again.
 */
export async function untilStopped(
  say: Say,
  run: (wish: AbortSignal) => Promise<void>,
  end: () => Promise<void>,
): Promise<never> {
  const stopping = stopWish(say);
  const wish = stopping.signal;
  let failure: unknown;
  try {
    await Promise.race([run(wish), aborted(wish)]);
  } catch (error) {
    if (!wish.aborted) failure = error;
  }
  stopping.abort();
  await end();
  if (failure) throw failure;
  process.exit(0);
}
