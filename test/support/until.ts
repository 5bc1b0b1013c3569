import { setTimeout as sleep } from "node:timers/promises";

const POLL_MS = 25;

/** Waits until `condition` gives something truthy and returns it. An error it throws counts as not yet. */
export async function until<T>(
  condition: () => T | Promise<T>,
  { what, ms = 15_000 }: { what: string; ms?: number },
): Promise<NonNullable<T>> {
  const end = Date.now() + ms;
  let last: unknown;
  for (;;) {
    try {
      const result = await condition();
      if (result) return result;
      last = result;
    } catch (error) {
      last = error;
    }
    if (Date.now() > end) throw new Error(`waited ${ms} ms for ${what}`, { cause: last });
    await sleep(POLL_MS);
  }
}
