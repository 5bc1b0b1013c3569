import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";

const POLL_MS = 100;
const PATIENCE_MS = 300_000;

/** Asks again and again whether it is done; throws what is told `otherwise` when time is over. */
export async function until(done: () => Promise<boolean>, otherwise: string, ms = PATIENCE_MS): Promise<void> {
  for (const end = Date.now() + ms; !(await done()); await sleep(POLL_MS)) assert(Date.now() < end, otherwise);
}
